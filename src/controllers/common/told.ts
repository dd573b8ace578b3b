import type { Instant } from '#lib/clock.ts'
import type { Command, Plan } from '#loop/controller.ts'

type Remark = Extract<Command, { do: 'event' }>

/** A plan, and what there is to say of a state that lasts. Events that a write goes with stand among the commands instead. */
export interface RemarkedPlan extends Plan {
  readonly remarks?: readonly Remark[]
}

/** What was said of each key and when, so that a state which lasts is told of now and then, and not at every look. */
export interface Told {
  /**
   * The plan with the remarks that are new, or were made so long ago that the server is about to forget them, before its commands: what keeps
   * those from being done is no reason to be silent.
   */
  plan(key: string, plan: RemarkedPlan, now: Instant): Plan
  forget(key: string): void
}

/** Half as long as Events are kept: whoever asks why something waits finds an answer, however long it has waited. */
export const usualAgainMs = 30 * 60_000

/** Says what lasts again after `againMs`; `Infinity`: never. Forgets with the process: a new one says everything once more. */
export function createTold(againMs = usualAgainMs): Told {
  const said = new Map<string, ReadonlyMap<string, Instant>>()
  return {
    plan(key, { commands, wakeAt, remarks = [] }, now) {
      const before = said.get(key)
      said.delete(key)
      if (remarks.length === 0) return { commands, wakeAt }
      // Said at a time to come, it was said by a clock that has been set back since.
      const isFresh = (at: Instant | undefined): boolean => at === undefined || at > now || now >= at + againMs
      const fresh = remarks.filter((remark) => isFresh(before?.get(textOf(remark))))
      const times = new Map(remarks.map((remark) => [textOf(remark), fresh.includes(remark) ? now : before!.get(textOf(remark))!]))
      said.set(key, times)
      return { commands: [...fresh, ...commands], wakeAt: Math.min(wakeAt, ...[...times.values()].map((at) => at + againMs)) }
    },
    forget: (key) => void said.delete(key),
  }
}

const textOf = ({ regarding, type, reason, message }: Remark): string => [regarding.metadata.uid, type, reason, message].join('\n')
