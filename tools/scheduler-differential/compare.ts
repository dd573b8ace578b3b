import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from '#lib/random.ts'
import type { Profile } from '#scheduler/framework/profile.ts'
import { type Difference, differencesOf } from '#scheduler/testing/differences.ts'
import type { Answer, RecordedCase } from '#scheduler/testing/recorded-case.ts'
import { replay } from '#scheduler/testing/replay.ts'

/** A pod that ours and the original do not agree on. */
export interface Finding {
  readonly area: string
  readonly seed: number
  readonly step: number
  readonly recorded: RecordedCase
  readonly differences: readonly Difference[]
}

/** What was compared of one area. */
export interface AreaResult {
  cases: number
  pods: number
  readonly findings: Finding[]
}

/** Recorded cases of a file of JSON lines, packed or not. A line that was cut off at the end is left out. */
export function* readCases(file: string): Generator<RecordedCase> {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  const end = text.lastIndexOf('\n')
  for (const line of text.slice(0, Math.max(0, end)).split('\n')) if (line !== '') yield JSON.parse(line) as RecordedCase
}

/** Ours beside what was recorded, case by case. */
export function compareAll(cases: Iterable<RecordedCase>, profiles: ReadonlyMap<string, Profile>): ReadonlyMap<string, AreaResult> {
  const results = new Map<string, AreaResult>()
  for (const recorded of cases) {
    let result = results.get(recorded.area)
    if (result === undefined) results.set(recorded.area, (result = { cases: 0, pods: 0, findings: [] }))
    result.cases += 1
    result.pods += recorded.steps.length
    result.findings.push(...findingsOf(recorded, profiles))
  }
  return results
}

/** In what ours differs in one case. A case that ours cannot even read differs in its first pod. */
export function findingsOf(recorded: RecordedCase, profiles: ReadonlyMap<string, Profile>): readonly Finding[] {
  const { area, seed, steps } = recorded
  let answers: readonly Answer[]
  try {
    answers = replay(recorded, profiles, seededRandom(seed))
  } catch (error) {
    answers = steps.map(() => ({ error: (error as Error).stack ?? String(error) }))
  }
  return steps.flatMap(({ pod, answer }, step) => {
    const differences = differencesOf(pod, answer, answers[step]!)
    return differences.length === 0 ? [] : [{ area, seed, step, recorded, differences }]
  })
}

/** Text for people: by area, by what differs, some of each. */
export function* describe(results: ReadonlyMap<string, AreaResult>, shown: number): Generator<string> {
  for (const [area, { cases, pods, findings }] of results) {
    yield `${area}: ${cases} cases, ${pods} pods, ${findings.length} differ`
    const groups = Map.groupBy(
      findings.flatMap((finding) => finding.differences.map((difference) => ({ finding, difference }))),
      ({ difference: { what, expected } }) => (what === 'score' ? `score of ${(expected as { plugin: string }).plugin}` : what),
    )
    for (const [what, list] of groups) {
      yield `  ${what}: ${list.length}`
      for (const { finding, difference } of list.slice(0, shown)) {
        yield `    seed ${finding.seed}, pod ${finding.step}:`
        yield `      expected ${JSON.stringify(difference.expected)}`
        yield `      ours     ${JSON.stringify(difference.ours)}`
      }
    }
  }
}
