// Days on which nobody deploys. Knows nothing of Sextant, so that it is tested like any other module.

/** From Sunday on, as `Date` counts them. */
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Subcommands that bring another version to the hosts. */
const FROZEN = ['setup', 'deploy', 'redeploy', 'rollback', 'app boot'];

/** A setting is wrong: its name, and what is wrong with it. */
export class InvalidSetting extends Error {
  constructor(setting, reason) {
    super(`${setting}: ${reason}`);
    this.setting = setting;
    this.reason = reason;
  }
}

/** The days and dates, and where they begin: the offset as it is written, and its seconds. */
export class Window {
  constructor(days, dates, offset) {
    this.days = days;
    this.dates = dates;
    this.offset = offset;
    this.seconds = secondsOf(offset);
  }

  /** Reads what the project gave under `with:`. */
  static of(settings) {
    const days = settings.days ?? [];
    const dates = settings.dates ?? [];
    for (const day of days) {
      if (!WEEKDAYS.includes(day)) {
        const known = [...WEEKDAYS.slice(1), WEEKDAYS[0]].join(', ');
        throw new InvalidSetting('days', `has \`${day}\`, which is none of ${known}`);
      }
    }
    for (const date of dates) {
      if (!isDate(date)) {
        throw new InvalidSetting('dates', `has \`${date}\`, which is no date such as \`2026-12-24\``);
      }
    }
    return new Window(days, dates, settings.utc_offset ?? '+00:00');
  }

  /** Why a subcommand should not run at this time, in seconds since 1970; undefined if it may. */
  objection(subcommand, time) {
    const today = new Date((time + this.seconds) * 1000);
    const date = today.toISOString().slice(0, 10);
    const weekday = WEEKDAYS[today.getUTCDay()];
    if (!FROZEN.includes(subcommand)) return undefined;
    if (this.dates.includes(date)) return `nobody deploys on ${date}`;
    if (this.days.includes(weekday)) return `nobody deploys on a ${weekday}, and it is ${date} at UTC${this.offset}`;
    return undefined;
  }
}

/** Whether a text is a date as `dates` takes it. */
function isDate(text) {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

/** Seconds of an offset such as `+01:00`. */
function secondsOf(offset) {
  const match = /^([+-])(\d\d):([0-5]\d)$/.exec(offset);
  if (match === null || Number(match[2]) > 14) throw new InvalidSetting('utc_offset', 'is no offset such as `+01:00`');
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60;
  return match[1] === '-' ? -seconds : seconds;
}
