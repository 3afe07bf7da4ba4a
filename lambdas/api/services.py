"""What the REST API works with."""

from lambdas.ports.bundle import Ports

Services = Ports
