"""Run with `python3 -m unittest`."""

import unittest

import command


class Command(unittest.TestCase):
    def test_the_image_has_its_name_and_its_label(self):
        for target, expected in [
            ("app", "docker build --label service=shop --tag acme/shop:v1 --target app ."),
            (None, "docker build --label service=shop --tag acme/shop:v1 ."),
        ]:
            self.assertEqual(" ".join(command.words("shop", "acme/shop:v1", target)), expected)

    def test_settings_may_be_left_out(self):
        self.assertIsNone(command.target({}))
        self.assertEqual(command.target({"target": "app"}), "app")

    def test_another_setting_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "is no string"):
            command.target({"target": 2})


if __name__ == "__main__":
    unittest.main()
