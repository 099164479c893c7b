"""Dashboards, alerts and a stack that shows them: what a lab does with the telemetry of its pipelines."""
