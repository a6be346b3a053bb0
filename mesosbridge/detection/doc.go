// Package detection finds the leading Mesos master in ZooKeeper.
//
// Every master that stands for election keeps an ephemeral, sequential znode json.info_<sequence> under the path that --zk names, with its
// MasterInfo in JSON (docs/high-availability-framework-guide.md; Mesos: master/detector/zookeeper.cpp). The one with the lowest sequence
// leads. What is read here may be late: a master that does not lead any more refuses calls itself.
package detection
