import type { AnyPlugin } from './plugin.ts'

/** Which plug-ins decide for one scheduler's pods, at each extension point in its order. */
export interface Profile {
  readonly schedulerName: string
  readonly preEnqueue: readonly AnyPlugin[]
  readonly preFilter: readonly AnyPlugin[]
  readonly filter: readonly AnyPlugin[]
  readonly postFilter: readonly AnyPlugin[]
  readonly preScore: readonly AnyPlugin[]
  readonly score: readonly { readonly plugin: AnyPlugin; readonly weight: number }[]
  readonly reserve: readonly AnyPlugin[]
  readonly permit: readonly AnyPlugin[]
  readonly preBind: readonly AnyPlugin[]
  readonly postBind: readonly AnyPlugin[]
  /** Of how many nodes, in percent, so many feasible ones are enough; 0: by the size of the cluster. */
  readonly percentageOfNodesToScore: number
}

/** A profile with the plug-ins that `having` names at each extension point. */
export const profileHaving = (
  { schedulerName, score, percentageOfNodesToScore }: Pick<Profile, 'schedulerName' | 'score' | 'percentageOfNodesToScore'>,
  having: (point: Exclude<keyof Profile, 'schedulerName' | 'score' | 'percentageOfNodesToScore'>) => readonly AnyPlugin[],
): Profile => ({
  schedulerName,
  preEnqueue: having('preEnqueue'),
  preFilter: having('preFilter'),
  filter: having('filter'),
  postFilter: having('postFilter'),
  preScore: having('preScore'),
  score,
  reserve: having('reserve'),
  permit: having('permit'),
  preBind: having('preBind'),
  postBind: having('postBind'),
  percentageOfNodesToScore,
})

/** Every plug-in at all its extension points, in this order (what the configuration calls multiPoint). A weight is 1 unless it is given. */
export function profileOf(
  schedulerName: string,
  plugins: readonly (AnyPlugin | { readonly plugin: AnyPlugin; readonly weight: number })[],
  percentageOfNodesToScore = 0,
): Profile {
  const entries = plugins.map((entry) => ('plugin' in entry ? entry : { plugin: entry, weight: 1 }))
  const score = entries.filter(({ plugin }) => plugin.score !== undefined)
  return profileHaving({ schedulerName, score, percentageOfNodesToScore }, (point) =>
    entries.map(({ plugin }) => plugin).filter((plugin) => plugin[point] !== undefined),
  )
}
