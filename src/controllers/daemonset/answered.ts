import type { KubeObject } from '#api/kind.ts'
import type { WherryError } from '#lib/errors.ts'
import type { Command, Single } from '#loop/controller.ts'
import { podEvents } from '../common/pod-events.ts'
import type { DaemonSetView } from './plan.ts'

/** The events of pods created and deleted, or why they could not be. */
export const afterDaemonSetAnswer = ({ daemonSet }: DaemonSetView, command: Single, answer: KubeObject | WherryError): readonly Command[] =>
  podEvents(daemonSet, command, answer)
