import type { NetworkReport } from './check.ts'
import { checkKinds } from './wanted-asks.ts'

/** A line for each sort of check, then what is wrong. */
export function describeReport({ ok, checks, findings }: NetworkReport): string {
  const lines = checkKinds.flatMap((kind) => {
    const asked = checks.filter((one) => one.kind === kind)
    const good = asked.filter(({ problem }) => problem === '').length
    return asked.length === 0 ? [] : [`  ${good === asked.length ? '✔' : '✘'} ${kind}: ${good} of ${asked.length}`]
  })
  const found = findings.flatMap(({ what, advice }) => ['', `✘ ${what}`, `  → ${advice}`])
  return `${[...lines, ...found, '', ok ? 'The network is as it should be.' : `${findings.length === 1 ? 'One thing is' : `${findings.length} things are`} wrong.`].join('\n')}\n`
}
