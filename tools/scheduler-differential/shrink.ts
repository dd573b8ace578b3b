import type { Profile } from '#scheduler/framework/profile.ts'
import { type KubeJson, keyOf, type RecordedCase } from '#scheduler/testing/recorded-case.ts'
import type { Case } from './case.ts'
import { type Finding, findingsOf } from './compare.ts'
import type { Runner } from './run-case.ts'

/** The cluster as it was at the finding's step, and the one pod. */
export function caseOf({ recorded, step, area, seed }: Finding): Case {
  const live = new Map(recorded.objects.map((object) => [keyOf(object), object]))
  for (const { before } of recorded.steps.slice(0, step + 1)) {
    for (const object of before.changed) live.set(keyOf(object), object)
    for (const key of before.gone) live.delete(key)
  }
  const pod = recorded.steps[step]!.pod
  live.delete(keyOf(pod))
  const { status, ...unseen } = fresh(pod)
  // A status is written after the pod, which may be placed by then: it goes along only where it says something.
  const next = status?.nominatedNodeName ? { ...unseen, status } : unseen
  return { area, seed, objects: [...live.values()].map(fresh), pods: [next], settles: false }
}

/**
 * Drops objects as long as the original and ours still differ in the same way. Answers undefined where they do not differ when the original is
 * asked again: it had not seen everything the first time.
 */
export async function shrink(
  finding: Finding,
  runner: Runner,
  profiles: ReadonlyMap<string, Profile>,
  note: (text: string) => void,
): Promise<RecordedCase | undefined> {
  const kind = finding.differences[0]!.what
  const attempt = async (input: Case): Promise<RecordedCase | undefined> => {
    const recorded = await runner.run(input)
    return findingsOf(recorded, profiles).some(({ differences }) => differences.some(({ what }) => what === kind)) ? recorded : undefined
  }
  let current = caseOf(finding)
  let best = await attempt(current)
  if (best === undefined) return undefined
  for (let size = Math.ceil(current.objects.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < current.objects.length; ) {
      const smaller = { ...current, objects: current.objects.toSpliced(from, size) }
      const recorded = await attempt(smaller)
      if (recorded === undefined) from += size
      else {
        current = smaller
        best = recorded
        note(`${current.objects.length} objects left`)
      }
    }
  }
  return best
}

/** As it would be written for the first time. */
function fresh(object: KubeJson): KubeJson {
  const { uid: _, creationTimestamp: __, deletionGracePeriodSeconds: ___, ...metadata } = object.metadata
  return { ...object, metadata: metadata as KubeJson['metadata'] }
}
