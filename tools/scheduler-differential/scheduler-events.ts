/** What the log of the original scheduler tells, by pod and node. Pods as `namespace/name`. */
export interface SchedulerEvents {
  hasNode(name: string): boolean
  isPlaced(pod: string): boolean
  /** A node or pod, after it was there. */
  isGone(name: string): boolean
  of(pod: string): SeenPod
  /** Forgets what was seen of a pod: it is tried anew. */
  begin(pod: string): void
  forget(): void
  /** Throws when it takes longer. */
  until(condition: () => boolean, timeoutMs: number, what: string): Promise<void>
  within(condition: () => boolean, timeoutMs: number): Promise<boolean>
  close(): void
}

export interface SeenPod {
  isTried: boolean
  boundTo: string | undefined
  /** The node that it is about to be bound to, when something has to be done before. */
  expects: string | undefined
  failure: { readonly message: string; readonly isError: boolean } | undefined
  /** Where preemption makes room. */
  target: string | undefined
  /** Its eviction of others: all tries of a pod share it, since the next may begin before the last eviction is told of. */
  readonly preemption: { hasBegun: boolean; hasEnded: boolean; readonly victims: Set<string> }
  readonly scores: Record<string, Record<string, number>>
  readonly totals: Record<string, number>
}

/** Reads lines of klog's text form. */
export function listenTo(onLine: (listener: (line: string) => void) => () => void): SchedulerEvents {
  const nodes = new Set<string>()
  const placed = new Set<string>()
  const gone = new Set<string>()
  const pods = new Map<string, SeenPod>()
  const waiting = new Set<() => void>()
  const of = (name: string): SeenPod => {
    let pod = pods.get(name)
    if (pod === undefined) {
      pod = {
        isTried: false,
        boundTo: undefined,
        expects: undefined,
        failure: undefined,
        target: undefined,
        preemption: { hasBegun: false, hasEnded: false, victims: new Set() },
        scores: {},
        totals: {},
      }
      pods.set(name, pod)
    }
    return pod
  }

  const handlers: Readonly<Record<string, (values: Readonly<Record<string, string>>) => void>> = {
    'Add event for node': ({ node }) => nodes.add(node!),
    'Delete event for node': ({ node }) => gone.add(node!),
    'Add event for scheduled pod': ({ pod }) => placed.add(pod!),
    'Delete event for scheduled pod': ({ pod }) => gone.add(pod!),
    'Delete event for unscheduled pod': ({ pod }) => gone.add(pod!),
    'Attempting to schedule pod': ({ pod }) => {
      const before = pods.get(pod!)
      pods.delete(pod!)
      const { preemption } = before ?? of(pod!)
      pods.set(pod!, { ...of(pod!), isTried: true, preemption })
    },
    'Plugin scored node for pod': ({ pod, plugin, node, score }) => {
      const { scores } = of(pod!)
      scores[plugin!] ??= {}
      scores[plugin!]![node!] = Number(score)
    },
    "Calculated node's final score for pod": ({ pod, node, score }) => {
      of(pod!).totals[node!] = Number(score)
    },
    'Successfully bound pod to node': ({ pod, node }) => {
      of(pod!).boundTo = node!
    },
    'Updating pod condition and nominated node name': ({ pod, nominatedNodeName, conditionType }) => {
      if (conditionType === undefined && nominatedNodeName) of(pod!).expects = nominatedNodeName
    },
    'Unable to schedule pod; no fit; waiting': ({ pod, err }) => {
      of(pod!).failure = { message: err!, isError: false }
    },
    'Unable to schedule pod; no nodes are registered to the cluster; waiting': ({ pod }) => {
      of(pod!).failure = { message: 'no nodes available to schedule pods', isError: false }
    },
    'Error scheduling pod; retrying': ({ pod, err }) => {
      of(pod!).failure = { message: err!, isError: true }
    },
    'the target node for the preemption is determined': ({ pod, node }) => {
      of(pod!).target = node!
    },
    'Preemptor Pod preempted victim Pod': ({ preemptor, victim }) => of(preemptor!).preemption.victims.add(victim!),
    'Victim Pod is already being deleted, skipping the API call for it': ({ preemptor, victim }) =>
      of(preemptor!).preemption.victims.add(victim!),
    'Victim Pod is already deleted': ({ preemptor, victim }) => of(preemptor!).preemption.victims.add(victim!),
    'Preemptor rejected a pod in preBind': ({ preemptor, podInPreBind }) => of(preemptor!).preemption.victims.add(podInPreBind!),
    'Start the preemption asynchronously': ({ preemptor }) => {
      of(preemptor!).preemption.hasBegun = true
    },
    'Async Preemption finished completely': ({ preemptor }) => {
      of(preemptor!).preemption.hasEnded = true
    },
  }

  const stop = onLine((line) => {
    const [, text, rest] = /^[IEW]\d{4} [^\]]*\] "((?:[^"\\]|\\.)*)"(.*)$/.exec(line) ?? []
    if (text === undefined) return
    const message = JSON.parse(`"${text}"`) as string
    const handler = handlers[message]
    if (handler === undefined) return
    handler(valuesOf(rest!))
    for (const wake of [...waiting]) wake()
  })

  const within = (condition: () => boolean, timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      if (condition()) return resolve(true)
      const done = (value: boolean): void => {
        clearTimeout(late)
        waiting.delete(wake)
        resolve(value)
      }
      const wake = (): void => {
        if (condition()) done(true)
      }
      const late = setTimeout(() => done(condition()), timeoutMs)
      waiting.add(wake)
    })

  return {
    hasNode: (name) => nodes.has(name),
    isPlaced: (pod) => placed.has(pod),
    isGone: (name) => gone.has(name),
    of,
    begin: (pod) => pods.delete(pod),
    forget() {
      for (const all of [nodes, placed, gone, pods]) all.clear()
    },
    within,
    async until(condition, timeoutMs, what) {
      if (!(await within(condition, timeoutMs))) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    },
    close: stop,
  }
}

/** `key="value"` pairs; values without quotes are numbers and words. */
function valuesOf(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [, key, quoted, plain] of text.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)) {
    // The first of two equal keys is the one that concerns this line's pod.
    values[key!] ??= quoted === undefined ? plain! : (JSON.parse(`"${quoted.replaceAll("\\'", "'")}"`) as string)
  }
  return values
}
