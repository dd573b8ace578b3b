import { quote } from './go-text.ts'
import { formatCidr, formatIp, isMapped, maskCidr, parseCidr, parseIp } from './ip.ts'

/**
 * Name and value formats of the API conventions. Each `check` returns what is wrong, in the reference's words: nothing when all is well.
 */
export type Problems = readonly string[]

const dns1123Label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const dns1123Subdomain = `${dns1123Label}(\\.${dns1123Label})*`
const dns1123LabelWithUnderscore = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const dns1123SubdomainWithUnderscore = `${dns1123LabelWithUnderscore}(\\.${dns1123LabelWithUnderscore})*`
const dns1035Label = '[a-z]([-a-z0-9]*[a-z0-9])?'
const wildcardDns1123Subdomain = `\\*\\.${dns1123Subdomain}`
const labelKey = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelValue = `(${labelKey})?`
const cIdentifier = '[A-Za-z_][A-Za-z0-9_]*'
const envVarName = '[-._a-zA-Z][-._a-zA-Z0-9]*'
const configMapKey = '[-._a-zA-Z0-9]+'
const percent = '[0-9]+%'
const httpHeaderName = '[-A-Za-z0-9]+'
const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`)
const regex = {
  dns1123Label: whole(dns1123Label),
  dns1123Subdomain: whole(dns1123Subdomain),
  dns1123SubdomainWithUnderscore: whole(dns1123SubdomainWithUnderscore),
  dns1035Label: whole(dns1035Label),
  wildcardDns1123Subdomain: whole(wildcardDns1123Subdomain),
  labelKey: whole(labelKey),
  labelValue: whole(labelValue),
  cIdentifier: whole(cIdentifier),
  envVarName: whole(envVarName),
  configMapKey: whole(configMapKey),
  percent: whole(percent),
  httpHeaderName: whole(httpHeaderName),
  httpPath: whole(httpPath),
}

/** Longest DNS label. RFC 1123. */
export const LABEL_LENGTH_MAX = 63
/** Longest DNS subdomain that the API takes. */
export const SUBDOMAIN_LENGTH_MAX = 253

/** Words of the reference for a text of too many characters. */
export const maxLengthProblem = (max: number): string => `must be no more than ${max} characters`
/** What the newer checks of labels say instead. */
const maxBytesProblem = (max: number): string => `must be no more than ${max} bytes`
/** Words of the reference for a number outside of `low` to `high`. */
export const rangeProblem = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`
/** Words of the reference for a text of the wrong form, with the pattern and examples of right ones. */
export const regexProblem = (message: string, pattern: string, ...examples: string[]): string =>
  examples.length === 0
    ? `${message} (regex used for validation is '${pattern}')`
    : `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`

/** A lower-case RFC 1123 label: names of namespaces, containers, ports of services. */
export function checkDns1123Label(value: string): Problems {
  const problems = tooLongFor(value, LABEL_LENGTH_MAX)
  if (regex.dns1123Label.test(value)) return problems
  if (regex.dns1123Subdomain.test(value)) return [...problems, 'must not contain dots']
  return [...problems, regexProblem(dns1123LabelText, dns1123Label, 'my-name', '123-abc')]
}

/** A lower-case RFC 1123 subdomain: most object names. */
export function checkDns1123Subdomain(value: string): Problems {
  const problems = tooLongFor(value, SUBDOMAIN_LENGTH_MAX)
  return regex.dns1123Subdomain.test(value) ? problems : [...problems, regexProblem(dns1123SubdomainText, dns1123Subdomain, 'example.com')]
}

/** The same, and labels may begin with an underscore: host names of host aliases, search domains. */
export function checkDns1123SubdomainWithUnderscore(value: string): Problems {
  const problems = tooLongFor(value, SUBDOMAIN_LENGTH_MAX)
  if (regex.dns1123SubdomainWithUnderscore.test(value)) return problems
  return [...problems, regexProblem(dns1123SubdomainWithUnderscoreText, dns1123SubdomainWithUnderscore, 'example.com')]
}

/** A DNS-1035 label: names of Services. */
export function checkDns1035Label(value: string): Problems {
  const problems = tooLongFor(value, LABEL_LENGTH_MAX)
  return regex.dns1035Label.test(value) ? problems : [...problems, regexProblem(dns1035LabelText, dns1035Label, 'my-name', 'abc-123')]
}

/** `*.example.com`: hosts of Ingress rules. */
export function checkWildcardDns1123Subdomain(value: string): Problems {
  const problems = tooLongFor(value, SUBDOMAIN_LENGTH_MAX)
  if (regex.wildcardDns1123Subdomain.test(value)) return problems
  return [...problems, regexProblem(wildcardText, wildcardDns1123Subdomain, '*.example.com')]
}

/** A label key, annotation key, resource name, finalizer …: an optional subdomain and `/`, then a name. */
export function checkQualifiedName(value: string): Problems {
  const parts = value.split('/')
  const nameText = () => regexProblem(labelKeyText, labelKey, 'MyName', 'my.name', '123-abc')
  if (parts.length > 2) return [`a valid label key ${nameText()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  const problems: string[] = []
  const name = parts.at(-1)!
  const prefix = parts.length === 2 ? parts[0]! : undefined
  if (prefix === '') problems.push('prefix part must be non-empty')
  else if (prefix !== undefined)
    problems.push(...checkDns1123Subdomain(prefix).map((problem) => `prefix part ${problem.replace(/characters$/, 'bytes')}`))
  if (name === '') problems.push('name part must be non-empty')
  else if (byteLength(name) > LABEL_LENGTH_MAX) problems.push(`name part ${maxBytesProblem(LABEL_LENGTH_MAX)}`)
  if (!regex.labelKey.test(name)) problems.push(`name part ${nameText()}`)
  return problems
}

/** The value of a label: at most 63 characters of a name's, or nothing at all. */
export function checkLabelValue(value: string): Problems {
  const problems = byteLength(value) > LABEL_LENGTH_MAX ? [maxBytesProblem(LABEL_LENGTH_MAX)] : []
  return regex.labelValue.test(value) ? problems : [...problems, regexProblem(labelValueText, labelValue, 'MyValue', 'my_value', '12345')]
}

/** A name as the language C has them. */
export const checkCIdentifier = (value: string): Problems =>
  regex.cIdentifier.test(value) ? [] : [regexProblem(cIdentifierText, cIdentifier, 'my_name', 'MY_NAME', 'MyName')]

/** A name of an environment variable as it was asked for until v1.34: letters, digits, `_`, `-`, `.`. */
export function checkEnvVarName(value: string): Problems {
  const problems = regex.envVarName.test(value)
    ? []
    : [regexProblem(envVarNameText, envVarName, 'my.env-name', 'MY_ENV.NAME', 'MyEnvName1')]
  return [...problems, ...parentFolderProblems(value)]
}

/** What environment variable names are checked with since v1.34: printable ASCII without `=`. */
export function checkRelaxedEnvVarName(value: string): Problems {
  if (value === '') return ['environment variable name must be non-empty']
  return /^[\x20-\x3c\x3e-\x7e]*$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** A key of a ConfigMap or Secret: it becomes a file name. */
export function checkConfigMapKey(value: string): Problems {
  const problems = tooLongFor(value, SUBDOMAIN_LENGTH_MAX)
  const form = regex.configMapKey.test(value) ? [] : [regexProblem(configMapKeyText, configMapKey, 'key.name', 'KEY_NAME', 'key-name')]
  return [...problems, ...form, ...parentFolderProblems(value)]
}

/** A name of a header of HTTP, which has no blanks. */
export const checkHttpHeaderName = (value: string): Problems =>
  regex.httpHeaderName.test(value) ? [] : [regexProblem(httpHeaderNameText, httpHeaderName, 'X-Header-Name')]

/** `10%`. */
export const checkPercent = (value: string): Problems =>
  regex.percent.test(value) ? [] : [regexProblem(percentText, percent, '1%', '93%')]

/** The whole number before the `%`, or undefined. */
export const percentOf = (value: string): number | undefined => (regex.percent.test(value) ? Number(value.slice(0, -1)) : undefined)

/** 1 to 65535. */
export const checkPortNumber = (value: number): Problems => checkRange(value, 1, 65535)
/** `low` to `high`, both included. */
export const checkRange = (value: number, low: number, high: number): Problems =>
  value >= low && value <= high ? [] : [rangeProblem(low, high)]
/** An id of a Linux user: 0 to 2147483647. */
export const checkUserId = (value: number): Problems => checkRange(value, 0, 2147483647)
/** An id of a Linux group: the same range. */
export const checkGroupId = checkUserId

/** The name of a container port. RFC 6335, lower case. */
export function checkPortName(value: string): Problems {
  const problems: string[] = []
  if (byteLength(value) > 15) problems.push(maxLengthProblem(15))
  if (!/^[-a-z0-9]+$/.test(value)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)')
  if (value.includes('--')) problems.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems
}

/** `example.com/path`. The value at fault is the part named in the second place. */
export function checkDomainPrefixedPath(value: string): readonly (readonly [problem: string, part: string])[] {
  const slash = value.indexOf('/')
  if (slash <= 0 || slash === value.length - 1) return [['must be a domain-prefixed path (such as "acme.io/foo")', value]]
  const host = value.slice(0, slash)
  const path = value.slice(slash + 1)
  const problems = checkDns1123Subdomain(host).map((problem) => [problem, host] as const)
  return regex.httpPath.test(path) ? problems : [...problems, [regexProblem('Invalid path', httpPath), path]]
}

/** At least three segments: names of finalizers, signers, API services. Empty is the caller's `Required value`. */
export function checkFullyQualifiedName(value: string): Problems {
  const problems = checkDns1123Subdomain(value)
  if (problems.length > 0) return [problems.join(',')]
  return value.split('.').length < 3 ? ['should be a domain with at least three segments separated by dots'] : []
}

/** Strict and canonical: new API fields. */
export function checkIp(value: string): Problems {
  const problems = checkLegacyIp(value, true)
  if (problems.length > 0) return problems
  const canonical = formatIp(parseIp(value)!)
  return value === canonical ? [] : [`must be in canonical form (${quote(canonical)})`]
}

/** What fields older than v1.33 take; `isStrict` refuses leading zeros and mapped addresses. */
export function checkLegacyIp(value: string, isStrict = true): Problems {
  const bytes = parseIp(value)
  if (bytes === undefined) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  if (!isStrict) return []
  if (hasLeadingZero(value)) return ['must not have leading 0s']
  return isMapped(bytes) ? ['must not be an IPv4-mapped IPv6 address'] : []
}

/** Strict and canonical: new API fields. */
export function checkCidr(value: string): Problems {
  const problems = checkLegacyCidr(value, true)
  if (problems.length > 0) return problems
  const canonical = formatCidr(parseCidr(value)!)
  return value === canonical ? [] : [`must be in canonical form (${quote(canonical)})`]
}

/**
 * A range of addresses as older fields take it. `isStrict`: without what readers disagree about (leading zeros, mapped addresses, bits past the
 * prefix).
 */
export function checkLegacyCidr(value: string, isStrict = true): Problems {
  const cidr = parseCidr(value)
  if (cidr === undefined) return ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
  if (!isStrict) return []
  if (hasLeadingZero(value.slice(0, value.indexOf('/'))) || /\/0\d/.test(value)) return ['must not have leading 0s in IP or prefix length']
  if (isMapped(cidr.address)) return ['must not have an IPv4-mapped IPv6 address']
  return Buffer.compare(maskCidr(cidr), cidr.address) === 0 ? [] : ['must not have bits set beyond the prefix length']
}

const dns1123LabelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const dns1123SubdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const dns1123SubdomainWithUnderscoreText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character"
const dns1035LabelText =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const wildcardText =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
const labelKeyText = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const cIdentifierText =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'"
const envVarNameText =
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit"
const configMapKeyText = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
const httpHeaderNameText = "a valid HTTP header must consist of alphanumeric characters or '-'"
const percentText = "a valid percent string must be a numeric string followed by an ending '%'"

/** The reference counts bytes. */
const byteLength = (value: string): number => Buffer.byteLength(value)
const tooLongFor = (value: string, max: number): Problems => (byteLength(value) > max ? [maxLengthProblem(max)] : [])
const hasLeadingZero = (address: string): boolean => /(^|[.:])0\d+(\.|$)/.test(address)

/** A key or name that becomes a file name must not climb. */
function parentFolderProblems(value: string): Problems {
  if (value === '.') return ["must not be '.'"]
  if (value === '..') return ["must not be '..'"]
  return value.startsWith('..') ? ["must not start with '..'"] : []
}
