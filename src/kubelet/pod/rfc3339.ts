import type { Instant } from '#lib/clock.ts'
import { formatTime } from '#schema/times.ts'

/** An instant as the API writes times: whole seconds, UTC. */
export const rfc3339 = (at: Instant): string => formatTime(Math.floor(at / 1000))
