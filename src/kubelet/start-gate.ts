import type { Clock, Instant } from '#lib/clock.ts'
import type { CgroupManager } from './interfaces.ts'
import type { Runtime } from './runtime.ts'

/**
 * How many of the steps of pods' starts are under way at a time: what keeps processors busy, such as sandboxes, containers and groups. Thirty
 * sandboxes made at once take longer than the same thirty a few at a time, and all of them are there only at the end. A step further along goes
 * first, so that pods get ready one after another and not all together.
 */
export interface StartGate {
  runtime<R extends Runtime>(runtime: R): R
  cgroups<C extends CgroupManager>(cgroups: C): C
  /** Whether any step waits for its turn. */
  isCrowded(): boolean
  /** Resolves once none does, or at the instant `latest`: for what is better done when there is nothing else to do. */
  calm(latest: Instant): Promise<void>
}

/** How many steps at once, and after how long one gives up its place. */
export interface StartGateOptions {
  readonly clock: Clock
  /** Steps at a time: two a processor use it best while one of both waits. */
  readonly atOnce: number
  /** A step that takes longer waits for something else than a processor, such as a network plug-in that hangs: others need not wait for it. */
  readonly slowMs?: number
}

/** A gate in front of the runtime and the cgroups: steps of starting pods wait their turn, everything else passes. */
export function createStartGate({ clock, atOnce, slowMs = 2_000 }: StartGateOptions): StartGate {
  /** By how far along they are, the farthest first. */
  const waiting: (() => void)[][] = steps.map(() => [])
  const calmed = new Set<() => void>()
  let underWay = 0

  const isCrowded = (): boolean => waiting.some(({ length }) => length > 0)

  async function pass<T>(step: Step, act: () => Promise<T>): Promise<T> {
    if (underWay >= atOnce) await new Promise<void>((resolve) => waiting[steps.indexOf(step)]!.push(resolve))
    else underWay += 1
    let leave = (): void => {
      leave = () => {}
      // Whoever comes next takes the place over.
      const next = waiting.find(({ length }) => length > 0)?.shift()
      if (next === undefined) underWay -= 1
      else next()
      if (!isCrowded()) for (const tell of calmed) tell()
    }
    const forget = clock.schedule(clock.now() + slowMs, () => leave())
    try {
      return await act()
    } finally {
      forget()
      leave()
    }
  }

  return {
    runtime: (runtime) => ({
      ...runtime,
      runSandbox: (config) => pass('sandbox', () => runtime.runSandbox(config)),
      createContainer: (sandboxId, config, sandbox) => pass('create', () => runtime.createContainer(sandboxId, config, sandbox)),
      startContainer: (id) => pass('start', () => runtime.startContainer(id)),
    }),
    cgroups: (cgroups) => ({ ...cgroups, ensurePod: (pod) => pass('group', () => cgroups.ensurePod(pod)) }),
    isCrowded,
    async calm(latest) {
      if (!isCrowded() || clock.now() >= latest) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const forget = clock.schedule(latest, resolve)
      calmed.add(resolve)
      await promise
      calmed.delete(resolve)
      forget()
    },
  }
}

const steps = ['start', 'create', 'sandbox', 'group'] as const
type Step = (typeof steps)[number]
