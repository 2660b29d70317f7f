"""A real Kubernetes API: etcd and kube-apiserver, built from their modules or found on this machine."""

from pds_stack.kubernetes.programs import Programs, programs
from pds_stack.kubernetes.server import Cluster, cluster

__all__ = ["Cluster", "Programs", "cluster", "programs"]
