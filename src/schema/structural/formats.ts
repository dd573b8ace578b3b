import { parseDuration } from '#lib/duration.ts'
import { parseCidr, parseIp } from '../ip.ts'

/** Whether a text has a format that definitions may ask for (kube-openapi's strfmt). A format that is not known is had by every text. */
export function hasFormat(format: string, text: string): boolean {
  const check = checks[format.replaceAll('-', '')]
  return check === undefined || check(text)
}

/** Sums and patterns are those of the reference's registry; the names without hyphens. */
const checks: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-fA-F]{24}$/.test(text),
  uri: isRequestUri,
  email: isEmail,
  hostname: isHostname,
  ipv4: (text) => text.includes('.') && parseIp(text) !== undefined,
  ipv6: (text) => text.includes(':') && parseIp(text) !== undefined,
  cidr: (text) => parseCidr(text) !== undefined,
  mac: (text) =>
    [/^[0-9a-f]{2}(:[0-9a-f]{2})+$/i, /^[0-9a-f]{2}(-[0-9a-f]{2})+$/i, /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i].some((form) => form.test(text)) &&
    [6, 8, 20].includes(text.replace(/[^0-9a-f]/gi, '').length / 2),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid3: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid4: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  uuid5: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => text.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  rgbcolor: (text) => new RegExp(`^rgb\\(\\s*${colour}\\s*,\\s*${colour}\\s*,\\s*${colour}\\s*\\)$`).test(text),
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(text),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text),
  k8slongname: (text) => text.length <= 253 && text.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part)),
}

const colour = '(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])'

function isDate(text: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (found === null) return false
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number]
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}

function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t')
  if (text.length < 4 || time === undefined || !isDate(date)) return false
  const found = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time)
  return found !== null && found[1]! <= '23' && found[2]! <= '59' && found[3]! <= '59'
}

/** Go's form, or words as Scala has them: `3 hours`. Of a text with both, any part that is a duration suffices. */
function isDuration(text: string): boolean {
  try {
    parseDuration(text)
    return true
  } catch {
    return [...text.matchAll(/(?<!\d)\d+\s*([A-Za-zµ]+)/g)].some(([, unit]) => isUnit(unit!.toLowerCase()))
  }
}

const units = [['ns', 'nano'], ['us', 'µs', 'micro'], ['ms', 'milli'], ['s', 'sec'], ['m', 'min'], ['h', 'hr', 'hour'], ['d', 'day'], ['w', 'wk', 'week']] // biome-ignore format: a table
const isUnit = (unit: string): boolean => units.some((names) => names.includes(unit) || unit.startsWith(names.at(-1)!))

/** An absolute URI or an absolute path, as Go's `url.ParseRequestURI` takes it. */
function isRequestUri(text: string): boolean {
  if (text === '' || /[\x00-\x20\x7f]/.test(text.replace(/ /g, text.includes('?') ? '' : ' '))) return text === '*'
  if (/%(?![0-9A-Fa-f]{2})/.test(text.split('?')[0]!)) return false
  if (text.startsWith('/')) return true
  const found = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text)
  if (found === null) return text === '*'
  const rest = found[2]!
  if (!rest.startsWith('/')) return false
  if (!rest.startsWith('//')) return true
  const authority = rest.slice(2).split(/[/?]/)[0]!
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (host.startsWith('[')) return /^\[[0-9a-fA-F:.%a-z]+\](:\d*)?$/.test(host)
  return /^[^:[\]<>"{}|\\^` ]*(:\d*)?$/.test(host)
}

/** An address alone or after a name, `Jo <jo@example.com>` (RFC 5322, as Go's `mail.ParseAddress` takes it). */
function isEmail(text: string): boolean {
  const trimmed = text.trim()
  const angle = /^(?:"(?:[^"\\]|\\.)*"\s*|[^<>@,;:"]*)<([^<>]+)>(?:\s*\([^()]*\))?$/.exec(trimmed)
  const address = angle?.[1] ?? trimmed.replace(/(?<!\s)\s*\([^()]*\)$/, '')
  const at = address.lastIndexOf('@')
  if (at < 1) return false
  const atom = "[\\p{L}\\p{N}!#$%&'*+/=?^_`{|}~\\u0080-\\u{10ffff}-]+"
  const dotted = new RegExp(`^${atom}(\\.${atom})*$`, 'u')
  const local = address.slice(0, at)
  const domain = address.slice(at + 1)
  const isLocal = dotted.test(local) || /^"(?:[^"\\\r\n]|\\.)*"$/.test(local)
  return isLocal && (dotted.test(domain) || /^\[[^[\]\\]*\]$/.test(domain))
}

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false
  const form =
    /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u
  return text.split('.').every((part) => Buffer.byteLength(part) <= 63) && form.test(text)
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false
  const sum = [...digits].reduce((total, digit, i) => total + Math.min(i + 1, 10) * (digit === 'X' ? 10 : Number(digit)), 0)
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^[0-9]{13}$/.test(digits)) return false
  const sum = [...digits].slice(0, 12).reduce((total, digit, i) => total + (i % 2 === 0 ? 1 : 3) * Number(digit), 0)
  return Number(digits[12]) === (10 - (sum % 10)) % 10
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '')
  const form =
    /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/
  if (!form.test(digits)) return false
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}
