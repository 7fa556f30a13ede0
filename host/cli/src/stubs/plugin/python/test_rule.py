"""Run with `python3 -m unittest`."""

import unittest

from rule import objection


class Rule(unittest.TestCase):
    def test_too_many_hosts_are_objected_to(self):
        self.assertEqual(objection(3, 2), "it touches 3 hosts, at most 2 are allowed at once")
        self.assertIsNone(objection(2, 2))


if __name__ == "__main__":
    unittest.main()
