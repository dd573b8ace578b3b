import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import type { Columns } from './topology-columns.ts'
import { createByLabels, createByScope } from './topology-find.ts'
import { classKey } from './topology-pod-terms.ts'
import { createRecent } from './topology-recent.ts'
import { allSelect, type Labelled, looksAtNamespaces, type NamespaceLabels, type Scope } from './topology-scope.ts'
import { countAt, type Selection, type Tally } from './topology-tally.ts'

/** Counts of the pods that selections select, kept as pods come and go. */
export interface Selections {
  /** The selection of this key; `make` tells what it is when it is not there (any more). */
  get(key: string, make: () => Pick<Selection, 'scopes' | 'countsTerminating'>): Selection
  podAdded(pod: PodInfo, node: NodeInfo): void
  podRemoved(pod: PodInfo, node: NodeInfo): void
  /** The namespace has other labels, came or went. */
  namespaceChanged(namespace: string, before: NamespaceLabels): void
}

/** Pods of one namespace with equal labels: they are selected together. */
interface PodClass extends Labelled {
  readonly key: string
  readonly isTerminating: boolean
  /** How many are in each row of the node table. */
  readonly places: Map<number, number>
  readonly selections: Set<KeptSelection>
}

interface KeptSelection extends Selection {
  readonly classes: Set<PodClass>
}

/** No pods yet. So many selections are kept up to date; `giveUp` is told of the tallies of the others. */
export function createSelections(
  rows: Columns,
  labelsOf: NamespaceLabels,
  selectionsMax: number,
  giveUp: (tally: Tally) => void,
): Selections {
  const classes = new Map<string, PodClass>()
  /** Beside them, since not all selections count pods that are about to go. */
  const terminating = new Map<string, PodClass>()
  const classesByLabels = createByLabels<PodClass>()
  const selectionsByScope = createByScope<KeptSelection>()
  const selections = createRecent<KeptSelection>(selectionsMax, (selection) => {
    selectionsByScope.delete(selection.scopes, selection)
    for (const podClass of selection.classes) podClass.selections.delete(selection)
    for (const tally of selection.tallies.values()) giveUp(tally)
    rows.give(selection.byNode)
  })

  const selects = ({ scopes, countsTerminating }: Selection, podClass: PodClass): boolean =>
    (countsTerminating || !podClass.isTerminating) && allSelect(scopes, podClass, labelsOf)

  function connect(selection: KeptSelection, podClass: PodClass): void {
    podClass.selections.add(selection)
    selection.classes.add(podClass)
  }

  function classOf(info: PodInfo): PodClass {
    const isTerminating = info.pod.metadata.deletionTimestamp !== undefined
    const key = classKey(info)
    const known = isTerminating ? terminating : classes
    let podClass = known.get(key)
    if (podClass === undefined) {
      const { namespace, labels } = info.pod.metadata
      const made: PodClass = { key, namespace, labels, isTerminating, places: new Map(), selections: new Set() }
      known.set(key, (podClass = made))
      classesByLabels.add(made)
      selectionsByScope.candidates(made, (selection) => {
        if (selects(selection, made)) connect(selection, made)
      })
    }
    return podClass
  }

  return {
    get: (key, make) =>
      selections.get(key, () => {
        const selection: KeptSelection = { key, ...make(), byNode: rows.take(), total: 0, tallies: new Map(), classes: new Set() }
        selectionsByScope.add(selection.scopes, selection)
        classesByLabels.candidates(selection.scopes, (podClass) => {
          if (!selects(selection, podClass)) return
          connect(selection, podClass)
          for (const [slot, count] of podClass.places) countAt(selection, slot, count)
        })
        return selection
      }),
    podAdded(info, { slot }) {
      const podClass = classOf(info)
      podClass.places.set(slot, (podClass.places.get(slot) ?? 0) + 1)
      for (const selection of podClass.selections) countAt(selection, slot, 1)
    },
    podRemoved(info, { slot }) {
      const podClass = classOf(info)
      const count = podClass.places.get(slot)! - 1
      if (count > 0) podClass.places.set(slot, count)
      else podClass.places.delete(slot)
      for (const selection of podClass.selections) countAt(selection, slot, -1)
      if (podClass.places.size > 0) return
      const known = podClass.isTerminating ? terminating : classes
      known.delete(podClass.key)
      classesByLabels.delete(podClass)
      for (const selection of podClass.selections) selection.classes.delete(podClass)
    },
    namespaceChanged(namespace, before) {
      const there = [...classes.values(), ...terminating.values()].filter((podClass) => podClass.namespace === namespace)
      if (there.length === 0) return
      // What it selects now is worked out when somebody asks for it again.
      for (const selection of [...selections.values()])
        if (
          selection.scopes.some(looksAtNamespaces) &&
          there.some((podClass) => allSelect(selection.scopes, podClass, before) !== allSelect(selection.scopes, podClass, labelsOf))
        )
          selections.drop(selection.key)
    },
  }
}

/** `get`'s key of a selection by scopes. */
export const selectionKey = (scopes: readonly Scope[], countsTerminating: boolean): string =>
  `${countsTerminating ? '' : '-'}${scopes.map(({ key }) => key).join()}`
