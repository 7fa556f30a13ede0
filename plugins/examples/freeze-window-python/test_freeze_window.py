"""Run with `python3 -m unittest`."""

import unittest

from freeze_window import InvalidSetting, Window

# 2026-01-30T23:30:00Z, a Friday.
FRIDAY_NIGHT = 1_769_815_800


class Objections(unittest.TestCase):
    def check(self, settings, expected, subcommand="deploy"):
        self.assertEqual(Window.of(settings).objection(subcommand, FRIDAY_NIGHT), expected)

    def test_days_begin_where_the_team_is(self):
        self.check({}, None)
        self.check({"days": ["fri"]}, "nobody deploys on a fri, and it is 2026-01-30 at UTC+00:00")
        self.check({"days": ["fri"], "utc_offset": "+01:00"}, None)
        saturday = "nobody deploys on a sat, and it is 2026-01-31 at UTC+01:00"
        self.check({"days": ["sat"], "utc_offset": "+01:00"}, saturday)
        self.check({"dates": ["2026-01-30"]}, "nobody deploys on 2026-01-30")
        self.check({"dates": ["2026-01-31"], "utc_offset": "-05:30"}, None)

    def test_what_brings_no_other_version_may_run(self):
        self.check({"days": ["fri"]}, None, "app stop")

    def test_mistakes_in_settings_are_told_on_any_day(self):
        for settings, expected in [
            ({"days": ["friday"]}, "days: has `friday`, which is none of mon, tue, wed, thu, fri, sat, sun"),
            ({"dates": ["24.12.2026"]}, "dates: has `24.12.2026`, which is no date such as `2026-12-24`"),
            ({"utc_offset": "CET"}, "utc_offset: is no offset such as `+01:00`"),
        ]:
            with self.assertRaises(InvalidSetting) as raised:
                Window.of(settings)
            self.assertEqual(str(raised.exception), expected)


if __name__ == "__main__":
    unittest.main()
