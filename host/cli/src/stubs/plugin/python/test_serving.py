"""Run with `python3 -m unittest`."""

import unittest

import serving


class Serving(unittest.TestCase):
    def test_settings_may_be_left_out(self):
        self.assertIsNone(serving.memory({}))
        self.assertEqual(serving.memory({"memory": "512m"}), "512m")

    def test_another_setting_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "is no string"):
            serving.memory({"memory": 512})

    def test_containers_have_the_names_that_others_expect(self):
        self.assertEqual(serving.container_name("shop-web-staging", "v1"), "shop-web-staging-v1")

    def test_the_proxy_is_told_hosts_first(self):
        further = [("deploy-timeout", "30s")]
        self.assertEqual(
            serving.route_options(["a.example", "b.example"], True, further),
            [("host", "a.example"), ("host", "b.example"), ("tls", None), ("deploy-timeout", "30s")],
        )
        self.assertEqual(serving.route_options([], False, further), further)


if __name__ == "__main__":
    unittest.main()
