"""The CRD of each release as it was shipped, objects as that release left them, and what a newer CRD would break."""
