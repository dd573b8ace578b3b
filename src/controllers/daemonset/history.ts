import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import type { Command } from '#loop/controller.ts'
import { claim } from '../common/claim.ts'
import { targetOf } from '../common/commands.ts'
import { canonical } from '../common/equal.ts'
import { revisionLabel, surplusRevisions, type TemplateHistory, templateData, templateHistory } from '../common/template-history.ts'

export interface DaemonHistory extends TemplateHistory {
  /** What the pods of the present template are labelled with. */
  readonly hash: string
  /** Others say the same as the present one: they have to be one before anything is decided by it. */
  readonly isDoubled: boolean
}

/** The set's revisions in order: released, adopted, labelled, each template once, the present one there and the newest. */
export function daemonHistory(
  daemonSet: DaemonSet,
  candidates: readonly ControllerRevision[],
  named: (name: string) => ControllerRevision | undefined,
  pods: readonly Pod[],
): DaemonHistory {
  const controlled = candidates.filter((one) => isControlledBy(one, daemonSet))
  const { commands: releases } = claim(DaemonSet, daemonSet, ControllerRevision, controlled)
  const history = templateHistory({ kind: DaemonSet, object: daemonSet, label: revisionLabel }, templateData(daemonSet), candidates, named)
  const hash = hashOf(history.update)
  const doubles = history.revisions.filter((one) => isDouble(one, history.update))
  return {
    ...history,
    hash,
    isDoubled: doubles.length > 0,
    commands: [...releases, ...history.commands, ...labels(history.revisions), ...merge(doubles, hash, pods)],
  }
}

/** Those of earlier templates beyond `revisionHistoryLimit` that no pod comes from. */
export function surplusHistory(daemonSet: DaemonSet, { revisions, update }: TemplateHistory, pods: readonly Pod[]): readonly Command[] {
  const hashes = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionLabel]))
  const old = revisions.filter(({ metadata }) => metadata.name !== update.metadata.name)
  const inUse = new Set(old.filter((one) => hashes.has(hashOf(one))).map(({ metadata }) => metadata.name))
  // Those in use count, although they stay.
  const unusedLimit = Math.max(0, (daemonSet.spec.revisionHistoryLimit ?? 10) - inUse.size)
  return surplusRevisions(old, inUse, unusedLimit)
}

/** One without a label is found by its name. */
const hashOf = ({ metadata }: ControllerRevision): string => metadata.labels?.[revisionLabel] ?? metadata.name

const labels = (revisions: readonly ControllerRevision[]): Command[] =>
  revisions
    .filter(({ metadata }) => metadata.labels?.[revisionLabel] === undefined)
    .map((one) => ({
      do: 'patch',
      ...targetOf(ControllerRevision, one),
      body: { metadata: { labels: { [revisionLabel]: one.metadata.name } } },
    }))

const isDouble = (one: ControllerRevision, update: ControllerRevision): boolean =>
  one.metadata.name !== update.metadata.name && canonical(one.data) === canonical(update.data)

/** Their pods are of the present template too and are told so; then they go. */
function merge(doubles: readonly ControllerRevision[], hash: string, pods: readonly Pod[]): Command[] {
  const hashes = new Set(doubles.map(hashOf))
  const relabelled = pods.filter(({ metadata }) => hashes.has(metadata.labels?.[revisionLabel] ?? ''))
  return [
    ...relabelled.map(
      (pod): Command => ({ do: 'patch', ...targetOf(Pod, pod), body: { metadata: { labels: { [revisionLabel]: hash } } } }),
    ),
    ...doubles.map((one): Command => ({ do: 'delete', ...targetOf(ControllerRevision, one) })),
  ]
}
