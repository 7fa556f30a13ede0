"""Run with `python3 -m unittest`."""

import unittest

from entries import entry, value


class Entries(unittest.TestCase):
    def test_entries_stand_in_the_folder_that_is_named(self):
        self.assertEqual(entry("shop/production/", "DB_PASSWORD"), "shop/production/DB_PASSWORD")
        self.assertEqual(entry(None, "DB_PASSWORD"), "DB_PASSWORD")

    def test_the_first_line_is_the_value(self):
        self.assertEqual(value("hunter2\nuser: shop\n"), "hunter2")
        self.assertEqual(value(""), "")


if __name__ == "__main__":
    unittest.main()
