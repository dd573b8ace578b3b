/** How far a zone's clocks are ahead of UTC at an instant; both in seconds. */
export type ZoneOffset = (atSeconds: number) => number

/** Of a zone of the IANA database, as ICU knows it. Throws a `RangeError` for a name that is none. */
export function zoneOffset(timeZone: string): ZoneOffset {
  if (timeZone === 'UTC') return () => 0
  const known = zones.get(timeZone)
  if (known !== undefined) return known
  const made = readZone(timeZone)
  // There are some six hundred names, so this ends by itself.
  zones.set(timeZone, made)
  return made
}

const zones = new Map<string, ZoneOffset>()

const daySeconds = 86_400
/** Eleven years of days a zone. */
const daysMax = 4096

/** Asking ICU costs microseconds, and a search for the next run asks hundreds of times: offsets are kept by the day, with its change if it has one. */
function readZone(timeZone: string): ZoneOffset {
  const read = offsetReader(timeZone)
  const midnights = new Map<number, number>()
  const changes = new Map<number, number>()

  function atMidnight(day: number): number {
    const known = midnights.get(day)
    if (known !== undefined) return known
    if (midnights.size >= daysMax) {
      midnights.clear()
      changes.clear()
    }
    const offset = read(day * daySeconds)
    midnights.set(day, offset)
    return offset
  }

  /** The first second of the day that has the next day's offset. */
  function changeOf(day: number, before: number): number {
    const known = changes.get(day)
    if (known !== undefined) return known
    let low = day * daySeconds
    let high = low + daySeconds
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (read(middle) === before) low = middle
      else high = middle
    }
    changes.set(day, high)
    return high
  }

  return (at) => {
    const day = Math.floor(at / daySeconds)
    const before = atMidnight(day)
    const after = atMidnight(day + 1)
    return before === after || at < changeOf(day, before) ? before : after
  }
}

function offsetReader(timeZone: string): ZoneOffset {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at * 1000).map(({ type, value }) => [type, Number(value)]))
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) / 1000 - at
  }
}
