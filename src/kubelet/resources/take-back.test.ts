import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import type { LinuxResources, Runtime } from '../runtime.ts'
import { takeBack } from './take-back.ts'

const zero = { cpuPeriod: 0, cpuQuota: 0, cpuShares: 0, memoryLimitBytes: 0, oomScoreAdj: 0 }

/** What was told to which container, and what the file holds then. */
function check(name: string, former: unknown, failure: Error | undefined, told: readonly string[], left: unknown): void {
  test(`takes back: ${name}`, async () => {
    let kept = former
    const calls: string[] = []
    const file = {
      read: async () => {
        if (kept instanceof Error) throw kept
        return kept
      },
      write: async (value: unknown) => void (kept = value),
    }
    const states = { a: 'running', b: 'exited', c: 'running' } as const
    const runtime = {
      containers: async () => Object.entries(states).map(([id, state]) => ({ id, state })),
      async updateContainerResources(id: string, resources: LinuxResources) {
        assert.deepEqual(resources, { ...zero, cpusetCpus: '0-3' })
        calls.push(id)
        if (failure !== undefined && id === 'a') throw failure
      },
    } as unknown as Runtime
    await takeBack({ file, runtime, all: { cpusetCpus: '0-3' }, log: silentLog })
    assert.deepEqual([calls, kept], [told, left])
  })
}

check('nothing where there never was a manager', undefined, undefined, [], undefined)
check('nothing a second time', null, undefined, [], null)
check('from all that run', { u: { main: '2-3' } }, undefined, ['a', 'c'], null)
check('from all, though nobody has any alone', {}, undefined, ['a', 'c'], null)
check('from all where the record is damaged', new Error('corrupted'), undefined, ['a', 'c'], null)
check('from one that ended meanwhile', {}, new WherryError('NotFound', 'gone'), ['a', 'c'], null)
check('again at the next start what failed', { u: {} }, new Error('busy'), ['a', 'c'], { u: {} })
