"""Run with `python3 -m unittest`."""

import unittest

import tokens


class Tokens(unittest.TestCase):
    def test_settings_may_be_left_out(self):
        self.assertIsNone(tokens.address({}))
        self.assertEqual(tokens.address({"tokens": "https://tokens.example.com"}), "https://tokens.example.com")

    def test_an_answer_has_user_and_password(self):
        self.assertEqual(tokens.user_and_password(200, b'{"user":"AWS","password":"short"}'), ("AWS", "short"))

    def test_another_answer_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "the server answered 403"):
            tokens.user_and_password(403, b"")
        with self.assertRaisesRegex(ValueError, "the answer has no user and password"):
            tokens.user_and_password(200, b"[]")


if __name__ == "__main__":
    unittest.main()
