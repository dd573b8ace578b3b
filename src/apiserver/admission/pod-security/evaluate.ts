import { baselineChecks } from './baseline-checks.ts'
import type { Check, Checked, CheckPod, Violation } from './check.ts'
import type { Standard } from './policy.ts'
import { restrictedChecks } from './restricted-checks.ts'

/** All that a pod does against a level of the standards, baseline rules first. */
export function evaluate({ level, version }: Standard, checked: Checked): readonly Violation[] {
  if (level === 'privileged') return []
  return rulesOf(level, version === 'latest' ? newest : Math.min(version, newest)).flatMap((check) => check(checked) ?? [])
}

/** All that is broken in one text, as refusals, warnings and audit annotations show it. */
export const detailsOf = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')

const checks: Readonly<Record<'baseline' | 'restricted', readonly Check[]>> = {
  baseline: baselineChecks,
  restricted: [...baselineChecks, ...restrictedChecks],
}
/** Rules have not changed since. */
const newest = Math.max(...checks.restricted.flatMap(({ versions }) => versions.map(([since]) => since)))

const known = new Map<string, readonly CheckPod[]>()

function rulesOf(level: 'baseline' | 'restricted', minor: number): readonly CheckPod[] {
  const key = `${level} ${minor}`
  const present = known.get(key)
  if (present !== undefined) return present
  const applying = checks[level].flatMap(({ id, overrides, versions }) => {
    const found = versions.findLast(([since]) => since <= minor)
    return found === undefined ? [] : [{ id, overrides, check: found[1] }]
  })
  const overridden = new Set(applying.map(({ overrides }) => overrides))
  const rules = applying.filter(({ id }) => !overridden.has(id)).map(({ check }) => check)
  known.set(key, rules)
  return rules
}
