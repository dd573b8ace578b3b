import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { checkRuntime } from '#kubelet/check-runtime.ts'
import { seededRandom } from '#lib/random.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from './runtime.ts'
import { containerd, crio, type Manners, serveCri } from './testing/serve-cri.ts'

// The contract over gRPC, with a runtime of each manner on the other side. The real ones are in `runtime.host.test.ts`.
check('containerd', containerd)
check('CRI-O', crio)
check('a runtime without any events', { ...containerd, events: 'none' })

function check(title: string, manners: Manners): void {
  describe(`served as ${title}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'wherry-served-'))
    const socket = join(folder, 'cri.sock')
    const images = { 'busybox:1': { exec: () => ({ exitCode: 3 }) }, 'nothing:1': { isAbsent: true } }
    const simulated = createSimulatedRuntime({ clock: systemClock, random: seededRandom(1), images })
    const runtime = createCriRuntime({ endpoint: socket, clock: systemClock })
    let server: { close(): Promise<void> }
    before(async () => {
      server = await serveCri(socket, simulated, manners)
    })
    after(async () => {
      runtime.close()
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    })
    checkRuntime(title, () => ({ runtime, clock: systemClock, directory: '/nowhere' }))
  })
}
