"""Judgement: one file per rule, of the same name as its page in the rule book.

A check is a module with one public function ``check``, a generator of findings. The type of its
only parameter says what it looks at: one item of the topology (it is then called for each), or the
whole :class:`~pooltlint.model.topology.Topology`.
"""
