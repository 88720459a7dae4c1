"""The pure heart: no clock, no I/O, no randomness, no globals that change.

Two laws hold in this folder. A rule can only take away: no rule permits, so adding one never
opens a door. And time is an argument: the same request at the same instant under the same law
gives the same answer, on every machine, for ever.
"""
