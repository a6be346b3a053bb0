#!/usr/bin/env bash
# Makes what the machines of docs/standalone.md prove themselves with:
#
#   ./certificates.sh DIRECTORY one=192.0.2.1 two=192.0.2.2 three=192.0.2.3
#
# DIRECTORY/<machine> is what belongs into /etc/mesos-operator of that machine, DIRECTORY/admin.kubeconfig is yours, and DIRECTORY/authorities stays
# where nobody gets at it: with its keys anything can be made. Run again, it makes everything anew but the authorities and the key of the service
# accounts: that is how certificates are renewed. DAYS says how long they last (365).
set -euo pipefail
umask 077

if (($# < 2)); then
	echo "usage: $0 DIRECTORY NAME=ADDRESS..." >&2
	exit 2
fi
directory=$1
shift
days=${DAYS:-365}
authorities=$directory/authorities
mkdir -p "$authorities"

# key FILE makes a private key.
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

# authority NAME makes an authority that lasts ten years, unless there is one.
authority() {
	if [[ ! -e $authorities/$1.crt ]]; then
		key "$authorities/$1.key"
		openssl req -x509 -new -key "$authorities/$1.key" -subj "/CN=mesos-operator $1" -days 3650 -out "$authorities/$1.crt" \
			-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign
	fi
}

# certificate AUTHORITY FILE SUBJECT USE [NAMES] makes FILE.key and FILE.crt.
certificate() {
	local authority=$1 file=$2 subject=$3 use=$4 names=${5:-}
	key "$file.key"
	openssl req -new -key "$file.key" -subj "$subject" | openssl x509 -req -CAcreateserial -CA "$authorities/$authority.crt" -CAkey "$authorities/$authority.key" \
		-days "$days" -out "$file.crt" 2> >(grep -v -e "self-signature ok" -e "^subject" >&2) -extfile <(
			echo "basicConstraints=critical,CA:false"
			echo "keyUsage=critical,digitalSignature"
			echo "extendedKeyUsage=$use"
			if [[ -n $names ]]; then
				echo "subjectAltName=$names"
			fi
		)
}

# kubeconfig FILE ADDRESS SUBJECT [AS] makes a kubeconfig with a client certificate for the API server at an address, of somebody who acts as
# another.
kubeconfig() {
	local file=$1 address=$2 subject=$3 as=${4:-} scratch
	scratch=$(mktemp -d)
	certificate ca "$scratch/client" "$subject" clientAuth
	cat >"$file" <<-END
		apiVersion: v1
		kind: Config
		clusters:
		- name: mesos
		  cluster:
		    server: https://$address:6443
		    certificate-authority-data: $(base64 -w 0 <"$authorities/ca.crt")
		users:
		- name: mesos
		  user:
		    client-certificate-data: $(base64 -w 0 <"$scratch/client.crt")
		    client-key-data: $(base64 -w 0 <"$scratch/client.key")${as:+
		    as: $as}
		contexts:
		- name: mesos
		  context: {cluster: mesos, user: mesos}
		current-context: mesos
	END
	rm -r "$scratch"
}

# Who has a certificate of the one may do what RBAC grants its name; who has one of the other may read and write all of etcd.
authority ca
authority etcd-ca
if [[ ! -e $authorities/service-account.key ]]; then
	key "$authorities/service-account.key"
	openssl pkey -in "$authorities/service-account.key" -pubout -out "$authorities/service-account.pub"
fi

for machine in "$@"; do
	name=${machine%%=*} address=${machine#*=}
	pki=$directory/$name/pki
	mkdir -p "$pki"
	cp "$authorities/ca.crt" "$authorities/etcd-ca.crt" "$authorities/service-account".{key,pub} "$pki/"
	certificate etcd-ca "$pki/etcd" "/CN=$name" serverAuth,clientAuth "DNS:$name,DNS:localhost,IP:$address,IP:127.0.0.1"
	certificate ca "$pki/apiserver" "/CN=kube-apiserver" serverAuth "DNS:$name,DNS:localhost,DNS:kubernetes.default.svc,IP:$address,IP:127.0.0.1,IP:10.96.0.1"
	kubeconfig "$directory/$name/manager.kubeconfig" "$address" /CN=mesos-operator-manager \
		system:serviceaccount:mesos-operator-system:mesos-operator-controller-manager
	kubeconfig "$directory/$name/controller-manager.kubeconfig" "$address" "/CN=system:kube-controller-manager"
done
first=$1
kubeconfig "$directory/admin.kubeconfig" "${first#*=}" "/O=system:masters/CN=admin"
