import type { Functions } from '#lib/cel/environment.ts'
import { parseTimestamp } from '#lib/cel/time-text.ts'
import { structType } from '#lib/cel/types.ts'
import { listOf, type OpaqueValue, optionalNone, optionalOf, type Value } from '#lib/cel/values.ts'
import {
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkQualifiedName,
  type Problems,
} from '../formats.ts'
import { parseUrl } from './go-url.ts'

/** Type of a named format (`format.dns1123Label()`). */
export const formatType = structType('kubernetes.NamedFormat')

/** A named format. `patternLength` is the length of the pattern that a check is charged for. */
interface Format {
  readonly check: (text: string) => Problems
  readonly patternLength: number
}

const asPrefix = (check: (text: string) => Problems) => (text: string) => check(text.replace(/-$/, 'a'))
const unless = (holds: (text: string) => boolean, problem: string) => (text: string) => (holds(text) ? [] : [problem])
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/
const dateTime = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))?$/

const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined
function isDateTime(text: string): boolean {
  const [date = '', time, ...rest] = text.toLowerCase().split('t')
  if (time === undefined || rest.length > 0 || !isDate(date)) return false
  const found = dateTime.exec(time)
  return found !== null && Number(found[1]) < 24 && Number(found[2]) < 60 && Number(found[3]) < 60
}

/** Kubernetes' named formats (documentation, "Kubernetes format library"). */
export const namedFormats: Readonly<Record<string, Format>> = {
  dns1123Label: { check: checkDns1123Label, patternLength: 30 },
  dns1123Subdomain: { check: checkDns1123Subdomain, patternLength: 60 },
  dns1035Label: { check: checkDns1035Label, patternLength: 30 },
  qualifiedName: { check: checkQualifiedName, patternLength: 60 },
  dns1123LabelPrefix: { check: asPrefix(checkDns1123Label), patternLength: 30 },
  dns1123SubdomainPrefix: { check: asPrefix(checkDns1123Subdomain), patternLength: 60 },
  dns1035LabelPrefix: { check: asPrefix(checkDns1035Label), patternLength: 30 },
  labelValue: { check: checkLabelValue, patternLength: 40 },
  uri: {
    check: (text) => {
      const parsed = parseUrl(text)
      return typeof parsed === 'string' ? [parsed] : []
    },
    patternLength: 1104,
  },
  uuid: { check: unless((text) => uuid.test(text), 'does not match the UUID format'), patternLength: 72 },
  byte: { check: unless((text) => base64.test(text), 'invalid base64'), patternLength: 84 },
  date: { check: unless(isDate, 'invalid date'), patternLength: 72 },
  datetime: { check: unless(isDateTime, 'invalid datetime'), patternLength: 72 },
}

const values: Readonly<Record<string, OpaqueValue>> = Object.fromEntries(
  Object.entries(namedFormats).map(([name, value]) => [name, { kind: 'opaque', type: formatType, value } as const]),
)

/** Kubernetes' library of formats: one function for each, `format.named`, and `validate`, which gives an optional of what is wrong. */
export const formatFunctions: Functions = {
  ...Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `format.${name}`,
      { [`format.${name}`]: ['() -> kubernetes.NamedFormat', () => value] as const },
    ]),
  ),
  'format.named': {
    'format-named': [
      '(string) -> optional_type(kubernetes.NamedFormat)',
      (name) => {
        const found = Object.hasOwn(values, name as string) ? values[name as string] : undefined
        return found === undefined ? optionalNone : optionalOf(found)
      },
    ],
  },
  validate: {
    'format-validate': [
      'kubernetes.NamedFormat.(string) -> optional_type(list(string))',
      (format, text): Value => {
        const problems = ((format as OpaqueValue).value as Format).check(text as string)
        return problems.length === 0 ? optionalNone : optionalOf(listOf(problems))
      },
    ],
  },
}
