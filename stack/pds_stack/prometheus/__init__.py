"""Prometheus and promtool: what reads deploy/monitoring, built from its module or found on this machine."""

from pds_stack.prometheus.programs import prometheus, promtool

__all__ = ["prometheus", "promtool"]
