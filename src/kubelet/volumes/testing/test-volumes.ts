import { seededRandom } from '#lib/random.ts'
import type { VolumeOptions } from '../shared.ts'
import type { VolumeHost } from '../volume-host.ts'
import { createVolumeManager } from '../volume-manager.ts'

/** For tests: volumes of a node on whose disk nothing is, and everything goes well; objects hold `{ a: 'x' }`, and nobody is told of anything. */
export const createTestVolumes = (given: Pick<VolumeOptions, 'clock' | 'claims' | 'plugins'> & Partial<VolumeOptions>) =>
  createVolumeManager({
    rootDirectory: '/root',
    host: hostOf(),
    objects: { follow: () => ({ synced: async () => {}, get: () => ({ data: { a: 'x' } }) as never, stop() {} }) },
    tokens: () => Promise.reject(new Error('none')),
    allocatable: () => ({ cpuMilli: 0, memoryBytes: 0, ephemeralStorageBytes: 0 }),
    random: seededRandom(1),
    report() {},
    tell() {},
    ready() {},
    ...given,
  })

function hostOf(): VolumeHost {
  const answers: Record<string, unknown> = { list: [], isMounted: false }
  return new Proxy({} as VolumeHost, { get: (_target, name) => async () => answers[String(name)] })
}
