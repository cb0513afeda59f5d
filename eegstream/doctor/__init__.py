"""Facts about this machine that decide whether streams are found and carried, and what follows from them.

`looking.sys_info` gathers the facts and changes nothing; `judging.findings` says in words what they mean.
"""
