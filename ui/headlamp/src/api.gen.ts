// Generated from config/crd/bases by hack/uitypes (make manifests). Do not edit.

import type { KubeObjectInterface } from '@kinvolk/headlamp-plugin/lib/k8s/cluster';

export interface MesosCronTask extends KubeObjectInterface {
  spec: {
    concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace';
    failedTasksHistoryLimit?: number;
    schedule: string;
    startingDeadlineSeconds?: number;
    successfulTasksHistoryLimit?: number;
    suspend?: boolean;
    template: {
      metadata?: {
        annotations?: Record<string, string>;
        labels?: Record<string, string>;
      };
      spec: MesosTask['spec'];
    };
    timeZone?: string;
  };
  status?: {
    active?: number;
    activeRuns?: Array<string>;
    conditions?: Array<{
      lastTransitionTime: string;
      message: string;
      observedGeneration?: number;
      reason: string;
      status: 'True' | 'False' | 'Unknown';
      type: string;
    }>;
    consideredSchedule?: string;
    lastConsideredTime?: string;
    lastRequestedRun?: string;
    lastScheduleTime?: string;
    lastSuccessfulTime?: string;
    missedRuns?: number;
    nextScheduleTime?: string;
    observedGeneration?: number;
    revision?: number;
  };
}

export interface MesosFramework extends KubeObjectInterface {
  spec: {
    allowInsecure?: boolean;
    allowedContainers?: {
      capabilities?: Array<'AUDIT_CONTROL' | 'AUDIT_READ' | 'AUDIT_WRITE' | 'BLOCK_SUSPEND' | 'CHOWN' | 'DAC_OVERRIDE' | 'DAC_READ_SEARCH' | 'FOWNER' | 'FSETID' | 'IPC_LOCK' | 'IPC_OWNER' | 'KILL' | 'LEASE' | 'LINUX_IMMUTABLE' | 'MAC_ADMIN' | 'MAC_OVERRIDE' | 'MKNOD' | 'NET_ADMIN' | 'NET_BIND_SERVICE' | 'NET_BROADCAST' | 'NET_RAW' | 'SETFCAP' | 'SETGID' | 'SETPCAP' | 'SETUID' | 'SYSLOG' | 'SYS_ADMIN' | 'SYS_BOOT' | 'SYS_CHROOT' | 'SYS_MODULE' | 'SYS_NICE' | 'SYS_PACCT' | 'SYS_PTRACE' | 'SYS_RAWIO' | 'SYS_RESOURCE' | 'SYS_TIME' | 'SYS_TTY_CONFIG' | 'WAKE_ALARM'>;
      externalDrivers?: Array<string>;
      hostPaths?: Array<{
        prefix: string;
        readOnly?: boolean;
      }>;
      ipcShareParent?: 'Never' | 'Allowed';
      networks?: Array<string>;
      parameters?: Array<string>;
      privileged?: 'Never' | 'Allowed';
      rlimits?: Array<'AS' | 'CORE' | 'CPU' | 'DATA' | 'FSIZE' | 'LOCKS' | 'MEMLOCK' | 'MSGQUEUE' | 'NICE' | 'NOFILE' | 'NPROC' | 'RSS' | 'RTPRIO' | 'RTTIME' | 'SIGPENDING' | 'STACK'>;
      secretsInState?: 'Never' | 'Allowed';
      sharePIDNamespace?: 'Never' | 'Allowed';
      types?: Array<'Mesos' | 'Docker'>;
    };
    allowedDiscovery?: 'Own' | 'Any';
    allowedLabels?: Array<string>;
    allowedNamespaces?: {
      from: 'All' | 'Selector';
      selector?: {
        matchExpressions?: Array<{
          key: string;
          operator: string;
          values?: Array<string>;
        }>;
        matchLabels?: Record<string, string>;
      };
    };
    allowedRoles?: Array<{
      namespaces: {
        from: 'All' | 'Selector';
        selector?: {
          matchExpressions?: Array<{
            key: string;
            operator: string;
            values?: Array<string>;
          }>;
          matchLabels?: Record<string, string>;
        };
      };
      role: string;
    }>;
    allowedUsers?: Array<string>;
    controllerName?: string;
    credentialsSecretRef?: {
      name: string;
    };
    deletionPolicy?: 'Detach' | 'Teardown';
    endpoints?: {
      cidrs?: Array<string>;
    };
    info?: {
      capabilities?: Array<'GPU_RESOURCES' | 'REGION_AWARE' | 'REVOCABLE_RESOURCES'>;
      defaultRole?: string;
      failoverTimeoutSeconds?: number;
      id?: string;
      name?: string;
      roles?: Array<string>;
      user?: string;
      webUIURL?: string;
    };
    masters: {
      urls?: Array<string>;
      zookeeper?: {
        authSecretRef?: {
          name: string;
        };
        path: string;
        servers: Array<string>;
      };
    };
    offers?: {
      gpuAgents?: 'Restricted' | 'Shared';
      maintenanceLeadSeconds?: number;
      refuseSeconds?: number;
      reservationLabels?: Array<{
        name: string;
        value?: string;
      }>;
      reviveSeconds?: number;
    };
    orphanPolicy?: 'Keep' | 'Kill';
    reconciliation?: {
      chunkSize?: number;
      intervalSeconds?: number;
      launchHoldSeconds?: number;
      maxBackoffSeconds?: number;
      minBackoffSeconds?: number;
      stalledAfterSeconds?: number;
    };
    taskDefaults?: {
      launchTimeoutSeconds?: number;
      unreachable?: {
        replaceAfterSeconds?: number;
      };
    };
    tls?: {
      caSecretRef?: {
        name: string;
      };
      clientCertificateSecretRef?: {
        name: string;
      };
      insecureSkipVerify?: boolean;
    };
  };
  status?: {
    abandoned?: Array<{
      agentID?: string;
      goneTime?: string;
      killGracePeriodSeconds?: number;
      since: string;
      taskID: string;
      unknownTime?: string;
    }>;
    agentsMessage?: string;
    conditions?: Array<{
      lastTransitionTime: string;
      message: string;
      observedGeneration?: number;
      reason: string;
      status: 'True' | 'False' | 'Unknown';
      type: string;
    }>;
    connectedSince?: string;
    controller?: {
      identity: string;
      lease?: string;
    };
    defaults?: Array<{
      role: string;
      user: string;
    }>;
    frameworkID?: string;
    handledAnnotations?: Array<{
      name: string;
      time?: string;
      value: string;
    }>;
    master?: {
      hostname?: string;
      url?: string;
      version?: string;
    };
    observedGeneration?: number;
    orphans?: {
      count: number;
      message?: string;
      sample?: Array<{
        agentID?: string;
        taskID: string;
      }>;
      token?: string;
    };
    reconciliation?: {
      current?: {
        completionTime?: string;
        proven?: boolean;
        reason?: 'Subscribed' | 'Interval' | 'Requested';
        rounds?: number;
        startTime?: string;
        tasks?: number;
        unanswered?: number;
      };
      last?: {
        completionTime?: string;
        proven?: boolean;
        reason?: 'Subscribed' | 'Interval' | 'Requested';
        rounds?: number;
        startTime?: string;
        tasks?: number;
        unanswered?: number;
      };
      lastHandledReconcileAt?: string;
    };
    replacedFrameworkIDs?: Array<string>;
    roles?: Array<string>;
    tasks?: {
      bound?: number;
      pending?: number;
      running?: number;
      unreachable?: number;
    };
    unknown?: {
      count: number;
      token: string;
    };
  };
}

export interface MesosTask extends KubeObjectInterface {
  spec: {
    activeDeadlineSeconds?: number;
    args?: Array<string>;
    avoidFailedAgents?: 'Preferred' | 'Never';
    backoff?: {
      factor?: number | string;
      initialSeconds?: number;
      maxSeconds?: number;
    };
    command?: Array<string>;
    container?: {
      docker?: {
        parameters?: Array<{
          name: string;
          value?: string;
        }>;
        privileged?: boolean;
      };
      image?: string;
      mesos?: {
        capabilities?: {
          bounding?: Array<'AUDIT_CONTROL' | 'AUDIT_READ' | 'AUDIT_WRITE' | 'BLOCK_SUSPEND' | 'CHOWN' | 'DAC_OVERRIDE' | 'DAC_READ_SEARCH' | 'FOWNER' | 'FSETID' | 'IPC_LOCK' | 'IPC_OWNER' | 'KILL' | 'LEASE' | 'LINUX_IMMUTABLE' | 'MAC_ADMIN' | 'MAC_OVERRIDE' | 'MKNOD' | 'NET_ADMIN' | 'NET_BIND_SERVICE' | 'NET_BROADCAST' | 'NET_RAW' | 'SETFCAP' | 'SETGID' | 'SETPCAP' | 'SETUID' | 'SYSLOG' | 'SYS_ADMIN' | 'SYS_BOOT' | 'SYS_CHROOT' | 'SYS_MODULE' | 'SYS_NICE' | 'SYS_PACCT' | 'SYS_PTRACE' | 'SYS_RAWIO' | 'SYS_RESOURCE' | 'SYS_TIME' | 'SYS_TTY_CONFIG' | 'WAKE_ALARM'>;
          effective?: Array<'AUDIT_CONTROL' | 'AUDIT_READ' | 'AUDIT_WRITE' | 'BLOCK_SUSPEND' | 'CHOWN' | 'DAC_OVERRIDE' | 'DAC_READ_SEARCH' | 'FOWNER' | 'FSETID' | 'IPC_LOCK' | 'IPC_OWNER' | 'KILL' | 'LEASE' | 'LINUX_IMMUTABLE' | 'MAC_ADMIN' | 'MAC_OVERRIDE' | 'MKNOD' | 'NET_ADMIN' | 'NET_BIND_SERVICE' | 'NET_BROADCAST' | 'NET_RAW' | 'SETFCAP' | 'SETGID' | 'SETPCAP' | 'SETUID' | 'SYSLOG' | 'SYS_ADMIN' | 'SYS_BOOT' | 'SYS_CHROOT' | 'SYS_MODULE' | 'SYS_NICE' | 'SYS_PACCT' | 'SYS_PTRACE' | 'SYS_RAWIO' | 'SYS_RESOURCE' | 'SYS_TIME' | 'SYS_TTY_CONFIG' | 'WAKE_ALARM'>;
        };
        ipcMode?: 'Private' | 'ShareParent';
        pullSecretRef?: {
          name: string;
        };
        rlimits?: Array<{
          hard?: number;
          soft?: number;
          type: 'AS' | 'CORE' | 'CPU' | 'DATA' | 'FSIZE' | 'LOCKS' | 'MEMLOCK' | 'MSGQUEUE' | 'NICE' | 'NOFILE' | 'NPROC' | 'RSS' | 'RTPRIO' | 'RTTIME' | 'SIGPENDING' | 'STACK';
        }>;
        sharePIDNamespace?: boolean;
        shmSizeMiB?: number;
        tty?: boolean;
      };
      networks?: Array<{
        labels?: Array<{
          name: string;
          value?: string;
        }>;
        mode: 'Host' | 'Bridge' | 'Container';
        name?: string;
      }>;
      pullPolicy?: 'IfNotPresent' | 'Always';
      volumes?: Array<{
        emptyDir?: {
        };
        external?: {
          driver: string;
          name: string;
          options?: Array<{
            name: string;
            value?: string;
          }>;
        };
        hostPath?: {
          path: string;
        };
        image?: {
          image: string;
        };
        mountPath: string;
        readOnly?: boolean;
        sandboxPath?: {
          path: string;
        };
        secret?: {
          key: string;
          name: string;
        };
      }>;
    };
    deletionPolicy?: 'Kill' | 'Orphan';
    discovery?: {
      labels?: Array<{
        name: string;
        value?: string;
      }>;
      name?: string;
      visibility?: 'Framework' | 'Cluster' | 'External';
    };
    env?: Array<{
      name: string;
      value?: string;
      valueFrom?: {
        configMapKeyRef?: {
          key: string;
          name: string;
          optional?: boolean;
        };
        fieldRef?: {
          fieldPath: string;
        };
        secretKeyRef?: {
          key: string;
          name: string;
          optional?: boolean;
        };
      };
    }>;
    envFrom?: Array<{
      configMapRef?: {
        name: string;
        optional?: boolean;
      };
      prefix?: string;
      secretRef?: {
        name: string;
        optional?: boolean;
      };
    }>;
    frameworkRef?: {
      name: string;
    };
    healthCheck?: {
      command?: {
        argv?: Array<string>;
        shell?: string;
      };
      delaySeconds?: number;
      failureThreshold?: number;
      gracePeriodSeconds?: number;
      http?: {
        path?: string;
        port: number | string;
        scheme?: 'HTTP' | 'HTTPS';
      };
      intervalSeconds?: number;
      tcp?: {
        port: number | string;
      };
      timeoutSeconds?: number;
    };
    killGracePeriodSeconds?: number;
    labels?: Array<{
      name: string;
      value?: string;
    }>;
    launchTimeoutSeconds?: number;
    maxRestarts?: number;
    maxRunSeconds?: number;
    placement?: {
      constraints?: Array<{
        by: {
          attribute?: string;
          field?: 'Hostname' | 'Region' | 'Zone';
        };
        operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Matches' | 'NotMatches' | 'Gt' | 'Lt';
        values?: Array<string>;
      }>;
      scoring?: 'Spread' | 'Pack';
      spread?: Array<{
        by: {
          attribute?: string;
          field?: 'Hostname' | 'Region' | 'Zone';
        };
        enforcement?: 'Required' | 'Preferred';
        matchLabelKeys?: Array<string>;
        maxPerValue?: number;
        maxSkew?: number;
        selector: {
          matchExpressions?: Array<{
            key: string;
            operator: string;
            values?: Array<string>;
          }>;
          matchLabels?: Record<string, string>;
        };
      }>;
      together?: Array<{
        by: {
          attribute?: string;
          field?: 'Hostname' | 'Region' | 'Zone';
        };
        enforcement?: 'Required' | 'Preferred';
        selector: {
          matchExpressions?: Array<{
            key: string;
            operator: string;
            values?: Array<string>;
          }>;
          matchLabels?: Record<string, string>;
        };
      }>;
    };
    portRanges?: Array<{
      from: number;
      name: string;
      protocol?: 'TCP' | 'UDP';
      to: number;
    }>;
    ports?: Array<{
      containerPort?: number;
      hostPort?: number;
      labels?: Array<{
        name: string;
        value?: string;
      }>;
      name: string;
      protocol?: 'TCP' | 'UDP';
    }>;
    readinessCheck?: {
      command?: {
        argv?: Array<string>;
        shell?: string;
      };
      delaySeconds?: number;
      http?: {
        path?: string;
        port: number | string;
        statuses?: Array<string>;
      };
      intervalSeconds?: number;
      tcp?: {
        port: number | string;
      };
      timeoutSeconds?: number;
    };
    resources: {
      limits?: {
        cpus?: number | string;
        memory?: number | string;
      };
      other?: Array<{
        name: string;
        ranges?: number;
        scalar?: number | string;
        set?: Array<string>;
      }>;
      requests: {
        cpus: number | string;
        disk?: number | string;
        gpus?: number;
        memory: number | string;
      };
      revocable?: boolean;
    };
    restartPolicy?: 'Always' | 'OnFailure' | 'Never';
    role?: string;
    roles?: Array<string>;
    shell?: string;
    suspend?: boolean;
    ttlSecondsAfterFinished?: number;
    unreachable?: {
      replaceAfterSeconds?: number;
    };
    uris?: Array<{
      cache?: boolean;
      executable?: boolean;
      extract?: boolean;
      outputFile?: string;
      value: string;
    }>;
    user?: string;
  };
  status?: {
    attempts?: number;
    conditions?: Array<{
      lastTransitionTime: string;
      message: string;
      observedGeneration?: number;
      reason: string;
      status: 'True' | 'False' | 'Unknown';
      type: string;
    }>;
    handledAnnotations?: Array<{
      name: string;
      time?: string;
      value: string;
    }>;
    history?: Array<{
      agentID?: string;
      agentRemovedTime?: string;
      boundTime?: string;
      containerID?: string;
      domains?: Array<{
        by: {
          attribute?: string;
          field?: 'Hostname' | 'Region' | 'Zone';
        };
        value?: string;
      }>;
      exitCode?: number;
      finishTime?: string;
      frameworkID?: string;
      hash?: string;
      healthy?: boolean;
      hostname?: string;
      id: string;
      ips?: Array<string>;
      killGracePeriodSeconds?: number;
      killReason?: 'SpecChanged' | 'RestartRequested' | 'Suspended' | 'LaunchTimedOut' | 'DeadlineExceeded' | 'NotOfRecord';
      message?: string;
      outcome?: 'Replaced' | 'GivenUp';
      ports?: Array<{
        hostPort: number;
        lastHostPort?: number;
        name: string;
      }>;
      ran?: boolean;
      readinessResult?: string;
      ready?: boolean;
      reason?: string;
      role?: string;
      signal?: string;
      source?: string;
      startTime?: string;
      state?: string;
      unknownTime?: string;
      unreachableTime?: string;
    }>;
    nextLaunchTime?: string;
    observedGeneration?: number;
    pending?: {
      message: string;
      since: string;
    };
    relaunches?: number;
    restarts?: number;
    revision?: number;
    task?: {
      agentID?: string;
      agentRemovedTime?: string;
      boundTime?: string;
      containerID?: string;
      domains?: Array<{
        by: {
          attribute?: string;
          field?: 'Hostname' | 'Region' | 'Zone';
        };
        value?: string;
      }>;
      exitCode?: number;
      finishTime?: string;
      frameworkID?: string;
      hash?: string;
      healthy?: boolean;
      hostname?: string;
      id: string;
      ips?: Array<string>;
      killGracePeriodSeconds?: number;
      killReason?: 'SpecChanged' | 'RestartRequested' | 'Suspended' | 'LaunchTimedOut' | 'DeadlineExceeded' | 'NotOfRecord';
      message?: string;
      outcome?: 'Replaced' | 'GivenUp';
      ports?: Array<{
        hostPort: number;
        lastHostPort?: number;
        name: string;
      }>;
      ran?: boolean;
      readinessResult?: string;
      ready?: boolean;
      reason?: string;
      role?: string;
      signal?: string;
      source?: string;
      startTime?: string;
      state?: string;
      unknownTime?: string;
      unreachableTime?: string;
    };
  };
}

export interface MesosTaskSet extends KubeObjectInterface {
  spec: {
    minReadySeconds?: number;
    paused?: boolean;
    progressDeadlineSeconds?: number;
    replicas?: number;
    restartedAt?: string;
    revisionHistoryLimit?: number;
    service?: {
      ports: Array<{
        name: string;
        port: number;
        taskPort: string;
      }>;
    };
    suspend?: boolean;
    template: {
      metadata?: {
        annotations?: Record<string, string>;
        labels?: Record<string, string>;
      };
      spec: MesosTask['spec'];
    };
    updateStrategy?: {
      rollingUpdate?: {
        maxSurge?: number | string;
        maxUnavailable?: number | string;
        partition?: number;
      };
      type?: 'RollingUpdate' | 'Recreate' | 'OnDelete';
    };
  };
  status?: {
    availableReplicas?: number;
    conditions?: Array<{
      lastTransitionTime: string;
      message: string;
      observedGeneration?: number;
      reason: string;
      status: 'True' | 'False' | 'Unknown';
      type: string;
    }>;
    currentRevision?: string;
    lastProgressTime?: string;
    observedGeneration?: number;
    readyReplicas?: number;
    replicas?: number;
    selector?: string;
    terminatingReplicas?: number;
    unreachableReplicas?: number;
    updateRevision?: string;
    updatedReplicas?: number;
  };
}
