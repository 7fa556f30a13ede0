"""Run with `python3 -m unittest`."""

import unittest

from words import sentence


class Words(unittest.TestCase):
    def test_every_event_is_a_sentence(self):
        for kind, error, expected in [
            ("started", None, "deploy of shop v1 begins"),
            ("finished", None, "deploy of shop v1 finished after 12 s"),
            ("failed", "no answer", "deploy of shop v1 failed after 12 s: no answer"),
        ]:
            self.assertEqual(sentence("deploy of shop v1", kind, 12, error), expected)


if __name__ == "__main__":
    unittest.main()
