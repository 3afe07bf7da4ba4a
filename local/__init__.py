"""The whole system on this machine: emulator, deployment, demo and command line."""
