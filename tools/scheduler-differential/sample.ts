import type { RecordedCase } from '#scheduler/testing/recorded-case.ts'

/**
 * So many cases that stand for all: the same number of each area, and of each area those first that bring a new sort of answer (which words,
 * which plug-ins' scores), small ones before large ones.
 */
export function sampleOf(cases: readonly RecordedCase[], count: number): readonly RecordedCase[] {
  const areas = Map.groupBy(cases, ({ area }) => area)
  return [...areas.values()].flatMap((list) => {
    const left = list
      .map((recorded) => ({ recorded, sorts: sortsOf(recorded), size: JSON.stringify(recorded).length }))
      .sort((a, b) => a.size - b.size)
    const seen = new Map<string, number>()
    const chosen: RecordedCase[] = []
    while (chosen.length < Math.ceil(count / areas.size) && left.length > 0) {
      // What was seen often is worth little; bytes cost.
      const worth = ({ sorts, size }: (typeof left)[number]): number =>
        sorts.reduce((sum, sort) => sum + 1 / (1 + (seen.get(sort) ?? 0)) ** 2, 0) / (size + 10_000)
      const best = left.reduce((a, b) => (worth(b) > worth(a) ? b : a))
      left.splice(left.indexOf(best), 1)
      chosen.push(best.recorded)
      for (const sort of best.sorts) seen.set(sort, (seen.get(sort) ?? 0) + 1)
    }
    return chosen.sort((a, b) => a.seed - b.seed)
  })
}

/** What a case has to say: each reason, each plug-in that told nodes apart, each outcome. */
function sortsOf({ steps }: RecordedCase): readonly string[] {
  const sorts = steps.flatMap(({ answer: { message, scores = {}, victims, isHeld, error } }) => [
    ...(message?.replaceAll(/\d+/g, '#').split(/[.,] /) ?? []),
    ...Object.entries(scores).flatMap(([plugin, byNode]) => (new Set(Object.values(byNode)).size > 1 ? [plugin] : [])),
    ...(victims === undefined ? [] : [`${Math.min(victims.length, 3)} victims`]),
    ...(isHeld ? ['held'] : []),
    ...(error === undefined ? [] : ['error']),
  ])
  return [...new Set(sorts)]
}
