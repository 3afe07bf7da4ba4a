"""Lambdas that run on events of other services: reports about mails."""
