"""Runs: submitted on this machine, resumed, watched."""
