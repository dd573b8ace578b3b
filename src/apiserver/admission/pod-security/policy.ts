import type { Cause } from '#lib/errors.ts'
import { invalid } from '#schema/validate.ts'

/** Of the Pod Security Standards, from lax to strict. */
export type Level = 'privileged' | 'baseline' | 'restricted'
/** Every `Level`, from lax to strict. */
export const levels: readonly string[] = ['privileged', 'baseline', 'restricted']

/** A level as of a version of the standards: the minor number of v1, or the newest. */
export interface Standard {
  readonly level: Level
  readonly version: number | 'latest'
}

/** What a namespace asks for: refusing, telling the auditor, telling the user. */
export interface Policy {
  readonly enforce: Standard
  readonly audit: Standard
  readonly warn: Standard
}
/** What is done about a pod that breaks a standard: it is refused, noted, or its client warned. */
export type Mode = keyof Policy

/** `baseline:v1.36`, `restricted:latest`. */
export const standardText = ({ level, version }: Standard): string => `${level}:${version === 'latest' ? version : `v1.${version}`}`

/** Whether the first level allows less than the second. */
export const isStricter = (a: Level, b: Level): boolean => levels.indexOf(a) > levels.indexOf(b)

/**
 * The policy that a namespace's labels ask for, with `defaults` for what they leave open. A bad value counts as the strictest for enforcing,
 * as none for the rest; all of them are told.
 */
export function policyOf(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: Policy,
): { readonly policy: Policy; readonly problems: readonly Cause[] } {
  const problems: Cause[] = []
  if (labels === undefined || Object.keys(labels).length === 0) return { policy: defaults, problems }
  const isGood: Partial<Record<Mode, boolean>> = {}
  const read = (mode: Mode, fallback: Level): Standard => {
    const level = labels[`${prefix}${mode}`]
    const version = labels[`${prefix}${mode}-version`]
    let { level: chosen, version: as } = defaults[mode]
    if (level !== undefined) {
      isGood[mode] = levels.includes(level)
      chosen = isGood[mode] ? (level as Level) : fallback
      if (!isGood[mode]) problems.push(wrong(mode, level, `must be one of ${levels.join(', ')}`))
    }
    if (version !== undefined) {
      const read = versionOf(version)
      as = read ?? 'latest'
      if (read === undefined) problems.push(wrong(`${mode}-version`, version, 'must be "latest" or "v1.x"'))
    }
    return { level: chosen, version: as }
  }
  const enforce = read('enforce', 'restricted')
  const audit = read('audit', 'privileged')
  const warn = read('warn', 'privileged')
  // Who enforces more than is warned of by default wants to be warned of that.
  const follows = labels[`${prefix}warn`] === undefined && isGood.enforce === true && isStricter(enforce.level, warn.level)
  if (!follows) return { policy: { enforce, audit, warn }, problems }
  const version = labels[`${prefix}warn-version`] === undefined ? enforce.version : warn.version
  return { policy: { enforce, audit, warn: { level: enforce.level, version } }, problems }
}

/** Of a text such as `v1.36`; undefined for what is none. */
export function versionOf(text: string): Standard['version'] | undefined {
  if (text === 'latest') return text
  const minor = /^v1\.([0-9]|[1-9][0-9]*)$/.exec(text)?.[1]
  return minor === undefined ? undefined : Number(minor)
}

const prefix = 'pod-security.kubernetes.io/'

const wrong = (label: string, value: string, why: string): Cause => invalid(`metadata.labels[${prefix}${label}]`, value, why)
