"""The settings of ``pds-operator import``."""

from pds_clients.settings import BackendSettings, KubernetesSettings, SupabaseSettings


class ImportSettings(BackendSettings, KubernetesSettings, SupabaseSettings):
    """A part of the operator's, of the same names."""
