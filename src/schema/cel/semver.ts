import type { Functions, Implementation } from '#lib/cel/environment.ts'
import { structType } from '#lib/cel/types.ts'
import { type Fault, fault, isFault, type OpaqueValue, type Value } from '#lib/cel/values.ts'

/** Type of a version by semver.org 2.0.0. */
export const semverType = structType('kubernetes.Semver')

/** A version by semver.org 2.0.0. Build metadata does not count. */
interface Version {
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly pre: readonly (string | bigint)[]
}

const versionOf = (value: Value | undefined): Version => (value as OpaqueValue).value as Version
const quoted = JSON.stringify

/** A version, or what is wrong with the text. */
function parse(text: string): Version | Fault {
  if (text === '') return fault('Version string empty')
  const parts = text.split('.')
  if (parts.length < 3) return fault('No Major.Minor.Patch elements found')
  const [major = '', minor = ''] = parts
  let patch = parts.slice(2).join('.')
  const numbers: bigint[] = []
  for (const [name, part] of [
    ['Major', major],
    ['Minor', minor],
  ] as const) {
    const problem = numberProblem(name, part)
    if (problem !== undefined) return problem
    numbers.push(BigInt(part))
  }
  const build = patch.indexOf('+')
  const metadata = build < 0 ? [] : patch.slice(build + 1).split('.')
  if (build >= 0) patch = patch.slice(0, build)
  const dash = patch.indexOf('-')
  const pre = dash < 0 ? [] : patch.slice(dash + 1).split('.')
  if (dash >= 0) patch = patch.slice(0, dash)
  const problem = numberProblem('Patch', patch)
  if (problem !== undefined) return problem
  const identifiers: (string | bigint)[] = []
  for (const each of pre) {
    if (each === '') return fault('Prerelease is empty')
    if (/^\d+$/.test(each)) {
      if (each.length > 1 && each.startsWith('0'))
        return fault(`Numeric PreRelease version must not contain leading zeroes ${quoted(each)}`)
      identifiers.push(BigInt(each))
    } else if (/^[0-9A-Za-z-]+$/.test(each)) identifiers.push(each)
    else return fault(`Invalid character(s) found in prerelease ${quoted(each)}`)
  }
  for (const each of metadata) {
    if (each === '') return fault('Build meta data is empty')
    if (!/^[0-9A-Za-z-]+$/.test(each)) return fault(`Invalid character(s) found in build meta data ${quoted(each)}`)
  }
  return { numbers: [numbers[0] as bigint, numbers[1] as bigint, BigInt(patch)], pre: identifiers }
}

function numberProblem(name: string, part: string): Fault | undefined {
  if (part === '' && name === 'Patch') return fault('strconv.ParseUint: parsing "": invalid syntax')
  if (part === '') return fault('strconv.ParseUint: parsing "": invalid syntax')
  if (!/^\d+$/.test(part)) return fault(`Invalid character(s) found in ${name.toLowerCase()} number ${quoted(part)}`)
  if (part.length > 1 && part.startsWith('0')) return fault(`${name} number must not contain leading zeroes ${quoted(part)}`)
  if (BigInt(part) >= 2n ** 64n) return fault(`strconv.ParseUint: parsing ${quoted(part)}: value out of range`)
  return undefined
}

/** As a reader would take it: a leading `v`, missing parts and leading zeros are put right. */
function normalized(text: string): string | Fault {
  const [first = '', second, ...rest] = text.replace(/^v/, '').split('.')
  const parts = [first, ...(second === undefined ? [] : [second]), ...(rest.length === 0 ? [] : [rest.join('.')])].map((part) => {
    if (part.length <= 1) return part
    const trimmed = part.replace(/^0+/, '')
    return /^[0-9]/.test(trimmed) ? trimmed : `0${trimmed}`
  })
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? '')) return fault('short version cannot contain PreRelease/Build meta data')
  while (parts.length < 3) parts.push('0')
  return parts.join('.')
}

function versionFrom(text: Value, normalize: Value = false): Version | Fault {
  const source = normalize === true ? normalized(text as string) : (text as string)
  return typeof source === 'string' ? parse(source) : source
}
const isVersion = (found: Version | Fault): found is Version => 'numbers' in found

function compareVersions(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] as bigint
    if (number !== other) return number < other ? -1 : 1
  }
  if (a.pre.length === 0 || b.pre.length === 0) return a.pre.length === b.pre.length ? 0 : a.pre.length === 0 ? 1 : -1
  for (let index = 0; index < Math.max(a.pre.length, b.pre.length); index++) {
    const [left, right] = [a.pre[index], b.pre[index]]
    if (left === right) continue
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1
    // Numbers come before words.
    if (typeof left !== typeof right) return typeof left === 'bigint' ? -1 : 1
    return left < right ? -1 : 1
  }
  return 0
}

const make: Implementation = (text, normalize) => {
  const version = versionFrom(text as Value, normalize)
  if (!isVersion(version)) return version
  return { kind: 'opaque', type: semverType, value: version, equals: (other) => compareVersions(version, versionOf(other)) === 0 }
}
const test: Implementation = (text, normalize) => isVersion(versionFrom(text as Value, normalize))
const compared =
  (holds: (order: number) => Value): Implementation =>
  (a, b) =>
    holds(compareVersions(versionOf(a), versionOf(b)))
const number =
  (index: 0 | 1 | 2): Implementation =>
  (value) =>
    BigInt.asIntN(64, versionOf(value).numbers[index])

/** Kubernetes' functions of versions (documentation, "Kubernetes semver library"). */
export const semverFunctions: Functions = {
  semver: {
    string_to_semver: ['(string) -> kubernetes.Semver', make],
    string_bool_to_semver: ['(string, bool) -> kubernetes.Semver', make],
  },
  isSemver: { is_semver_string: ['(string) -> bool', test], is_semver_string_bool: ['(string, bool) -> bool', test] },
  isGreaterThan: { semver_is_greater_than: ['kubernetes.Semver.(kubernetes.Semver) -> bool', compared((order) => order > 0)] },
  isLessThan: { semver_is_less_than: ['kubernetes.Semver.(kubernetes.Semver) -> bool', compared((order) => order < 0)] },
  compareTo: { semver_compare_to: ['kubernetes.Semver.(kubernetes.Semver) -> int', compared((order) => BigInt(order))] },
  major: { semver_major: ['kubernetes.Semver.() -> int', number(0)] },
  minor: { semver_minor: ['kubernetes.Semver.() -> int', number(1)] },
  patch: { semver_patch: ['kubernetes.Semver.() -> int', number(2)] },
}
export { isFault }
