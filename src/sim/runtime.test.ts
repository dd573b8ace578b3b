import { systemClock } from '#host/clock.ts'
import { checkRuntime } from '#kubelet/check-runtime.ts'
import { seededRandom } from '#lib/random.ts'
import { createSimulatedRuntime } from './runtime.ts'

// The contract measures in real time; the scenarios in kubelet/pod-life.test.ts run it in virtual time.
const images = { 'busybox:1': { exec: () => ({ exitCode: 3 }) }, 'nothing:1': { isAbsent: true } }
const runtime = createSimulatedRuntime({ clock: systemClock, random: seededRandom(1), images })
checkRuntime('simulated', () => ({ runtime, clock: systemClock, directory: '/nowhere' }))
