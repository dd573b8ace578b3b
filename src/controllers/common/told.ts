import type { Command, Plan } from '#loop/controller.ts'

type Remark = Extract<Command, { do: 'event' }>

/** A plan, and what there is to say of a state that lasts. Events that a write goes with stand among the commands instead. */
export interface RemarkedPlan extends Plan {
  readonly remarks?: readonly Remark[]
}

/** What was said of each key when it was last looked at, so that a state which lasts is told of once and not at every look. */
export interface Told {
  /** The plan with the remarks that are new, before its commands: what keeps those from being done is no reason to be silent. */
  plan(key: string, plan: RemarkedPlan): Plan
  forget(key: string): void
}

/** Forgets with the process: a new one says everything once more, as who reads the events an hour later would wish. */
export function createTold(): Told {
  const said = new Map<string, ReadonlySet<string>>()
  return {
    plan(key, { commands, wakeAt, remarks = [] }) {
      const before = said.get(key)
      if (remarks.length === 0) said.delete(key)
      else said.set(key, new Set(remarks.map(textOf)))
      const fresh = remarks.filter((remark) => before?.has(textOf(remark)) !== true)
      return { commands: [...fresh, ...commands], wakeAt }
    },
    forget: (key) => void said.delete(key),
  }
}

const textOf = ({ regarding, type, reason, message }: Remark): string => [regarding.metadata.uid, type, reason, message].join('\n')
