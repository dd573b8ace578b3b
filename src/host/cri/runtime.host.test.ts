import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { checkRuntime, containerBasis, sandboxBasis } from '#kubelet/check-runtime.ts'
import type { ContainerStatus } from '#kubelet/runtime.ts'
import { withPauseSeccomp } from '#kubelet/sandbox/pause-seccomp.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { systemClock } from '../clock.ts'
import { canRunCrun } from '../crun.ts'
import { pauseSeccompProfile } from '../images/pause-seccomp.ts'
import { isThere } from '../packages.ts'
import { createCriRuntime } from './runtime.ts'
import { startTestContainerd, type TestContainerd, type TestContainerdOptions } from './test-containerd.ts'

/** A folder with another containerd (a 2.x, say), its shim and `ctr`. */
const otherPrograms = process.env['WHERRY_TEST_CONTAINERD']
/** crun, where it is not on the path. */
const crun = process.env['WHERRY_TEST_CRUN'] ?? (isThere('crun') ? 'crun' : undefined)

suite('containerd', '10.244.211.0/24', { runtimes: [{ name: 'runc' }] })
suite(
  'another containerd',
  '10.244.238.0/24',
  { runtimes: [{ name: 'runc' }], ...(otherPrograms && { programDirectory: otherPrograms }) },
  otherPrograms === undefined && 'WHERRY_TEST_CONTAINERD names no folder',
)
suite(
  'crun',
  '10.244.239.0/24',
  { runtimes: [{ name: 'crun', ...(crun?.startsWith('/') && { program: crun }) }, { name: 'runc' }] },
  crun === undefined
    ? 'there is no crun here'
    : !canRunCrun('containerd', crun) && 'crun does not work on this machine, or not with its containerd',
)

function suite(title: string, subnet: string, programs: TestContainerdOptions, skip: string | false = false): void {
  describe(title, { skip }, () => {
    let containerd: TestContainerd
    let runtime: ReturnType<typeof createCriRuntime>
    before(async () => {
      containerd = await startTestContainerd(subnet, programs)
      runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
    })
    after(async () => {
      runtime?.close()
      await containerd?.close()
    })

    checkRuntime(title, () => ({ runtime, clock: systemClock, directory: `${containerd.directory}/logs` }))

    test('what it uses, and what it can do, is told', async () => {
      const { handlers, features } = await runtime.status()
      const major = Number.parseInt((await runtime.version()).version.replace('v', ''), 10)
      assert.equal(
        handlers.some(({ name }) => name === ''),
        major >= 2,
      )
      assert.equal(features.supplementalGroupsPolicy, major >= 2)
      assert.equal(await runtime.cgroupDriver(), major >= 2 ? 'cgroupfs' : undefined)
      const [images] = await runtime.imageFsUsage()
      assert.ok(images!.mountpoint.startsWith(containerd.directory), images!.mountpoint)

      const sandbox = { ...sandboxBasis, logDirectory: `${containerd.directory}/logs` }
      const sandboxId = await runtime.runSandbox(sandbox)
      const id = await runtime.createContainer(sandboxId, containerBasis, sandbox)
      await runtime.startContainer(id)
      const [used] = await runtime.containerStats({ podUid: 'uid-1' })
      assert.equal(used!.id, id)
      assert.equal(used!.name, 'main')
      assert.deepEqual(await runtime.containerStats({ podUid: 'uid-2' }), [])
      await runtime.updateContainerResources(id, { ...containerBasis.resources, cpuShares: 512, memoryLimitBytes: 64 << 20 })
      if (major >= 2) assert.equal((await inForce(id)).resources?.memoryLimitBytes, 64 << 20)
      await runtime.stopSandbox(sandboxId)
      await runtime.removeSandbox(sandboxId)
    })

    async function inForce(id: string): Promise<ContainerStatus> {
      return runtime.containerStatus(id)
    }

    test('the pause process lives within its own profile: alone, as a user, and as the first of its pod', async () => {
      const profile = `${containerd.directory}/pause-seccomp.json`
      await writeFile(profile, pauseSeccompProfile(process.arch as 'x64' | 'arm64'))
      const seccomp = { type: 'Localhost', localhostRef: profile } as const
      for (const more of [{}, { runAsUser: 1000, runAsGroup: 1000, supplementalGroups: [2000] }, { pid: 'pod' } as const]) {
        const security = { ...sandboxBasis.security, ...more, seccomp }
        const sandbox = { ...sandboxBasis, logDirectory: `${containerd.directory}/logs`, security }
        const sandboxId = await runtime.runSandbox(sandbox)
        const status = await pauseStatus(sandboxId)
        assert.match(status, /^Seccomp:\t2$/m)
        const own = { ...containerBasis, security: { ...containerBasis.security, ...more } }
        const id = await runtime.createContainer(sandboxId, own, sandbox)
        await runtime.startContainer(id)
        if (security.pid === 'pod') {
          const orphan = await runtime.execSync(id, ['sh', '-c', '(sh -c "echo \\$\\$" &)'], 5_000)
          const pid = Buffer.from(orphan.stdout).toString().trim()
          assert.match(pid, /^[0-9]+$/)
          const isLeft = async () => (await runtime.execSync(id, ['test', '-e', `/proc/${pid}`], 5_000)).exitCode === 0
          for (let left = 200; (await isLeft()) && left > 0; left -= 1) await delay(10)
          assert.equal(await isLeft(), false, 'an orphan is not collected')
        }
        await runtime.stopSandbox(sandboxId)
        await runtime.removeSandbox(sandboxId)
      }
    })

    test('a profile within which the runtime cannot start the pause process keeps no pod from starting', async () => {
      const whole = pauseSeccompProfile(process.arch as 'x64' | 'arm64')
      // One call that is refused while the runtime waits for what comes of it, and one after that.
      for (const call of ['openat', 'execve']) {
        const profile = `${containerd.directory}/without-${call}.json`
        await writeFile(profile, whole.replace(`"${call}",`, ''))
        const tried: string[] = []
        const warned: string[] = []
        const { runSandbox } = withPauseSeccomp(
          {
            ...runtime,
            runSandbox(config) {
              tried.push(config.security.seccomp.type)
              return runtime.runSandbox(config)
            },
          },
          { profile, handlers: [''], clock: systemClock, log: { ...silentLog, warn: (message) => void warned.push(message) } },
        )
        const config = { ...sandboxBasis, logDirectory: `${containerd.directory}/logs` }
        const ids = [await runSandbox(config)]
        const isOver = async () => (await runtime.sandboxStatus(ids[0]!)).ready === false
        for (let left = 200; call === 'execve' && !(await isOver()) && left > 0; left -= 1) await delay(10)
        if (await isOver()) ids.push(await runSandbox({ ...config, metadata: { ...config.metadata, attempt: 1 } }))
        assert.match(await pauseStatus(ids.at(-1)!), /^Seccomp:\t2$/m)
        assert.equal((await runtime.sandboxStatus(ids.at(-1)!)).ready, true)
        assert.deepEqual([tried, warned.length], [['Localhost', 'RuntimeDefault'], 1])
        for (const id of ids) {
          await runtime.stopSandbox(id)
          await runtime.removeSandbox(id)
        }
      }
    })

    test('an image is mounted where the runtime can', async (context) => {
      const major = Number.parseInt((await runtime.version()).version.replace('v', ''), 10)
      if (major < 2) return context.skip('image volumes are there from containerd 2.1 on')
      const sandbox = { ...sandboxBasis, logDirectory: `${containerd.directory}/logs` }
      const image = await runtime.imageStatus('docker.io/library/busybox:1')
      const sandboxId = await runtime.runSandbox(sandbox)
      const mount = { containerPath: '/image', hostPath: '', image: image!.id, readonly: true, propagation: 'None' } as const
      const id = await runtime.createContainer(sandboxId, { ...containerBasis, mounts: [mount] }, sandbox)
      await runtime.startContainer(id)
      assert.equal((await runtime.execSync(id, ['test', '-x', '/image/bin/busybox'], 5000)).exitCode, 0)
      assert.notEqual((await runtime.execSync(id, ['touch', '/image/new'], 5000)).exitCode, 0)
      await runtime.stopSandbox(sandboxId)
      await runtime.removeSandbox(sandboxId)
    })

    test('a CDI device is given where the runtime can', async (context) => {
      if (!(await runtime.version()).version.match(/^v?2/)) return context.skip('CDI is on from containerd 2.0 on')
      const sandbox = { ...sandboxBasis, logDirectory: `${containerd.directory}/logs` }
      const sandboxId = await runtime.runSandbox(sandbox)
      const unknown = { ...containerBasis, cdiDevices: ['wherry.test/none=none'] }
      await assert.rejects(runtime.createContainer(sandboxId, unknown, sandbox), /CDI|unresolvable/)
      await runtime.stopSandbox(sandboxId)
      await runtime.removeSandbox(sandboxId)
    })

    test('a pod has users of its own where the runtime and the kernel can', async (context) => {
      const handler = (await runtime.status()).handlers.find(({ name }) => name === '')
      if (handler?.userNamespaces !== true) return context.skip('the runtime says that it has no user namespaces')
      const ids = [{ hostId: 1_000_000, containerId: 0, length: 65_536 }]
      const userNamespace = { mode: 'pod', uids: ids, gids: ids } as const
      const sandbox = {
        ...sandboxBasis,
        logDirectory: `${containerd.directory}/logs`,
        security: { ...sandboxBasis.security, userNamespace },
      }
      const sandboxId = await runtime.runSandbox(sandbox)
      const config = { ...containerBasis, security: { ...containerBasis.security, userNamespace } }
      const id = await runtime.createContainer(sandboxId, config, sandbox)
      await runtime.startContainer(id)
      const map = Buffer.from((await runtime.execSync(id, ['cat', '/proc/self/uid_map'], 5000)).stdout).toString()
      assert.deepEqual(map.trim().split(/\s+/), ['0', '1000000', '65536'])
      await runtime.stopSandbox(sandboxId)
      await runtime.removeSandbox(sandboxId)
    })

    test('a runtime that is gone is unavailable, and is found again when it is back', async () => {
      const broken = (async () => {
        for await (const _ of runtime.events(new AbortController().signal));
      })()
      const restarted = containerd.restart()
      await assert.rejects(broken, (error) => isError(error, 'ServiceUnavailable', 'InternalError'))
      await restarted
      for (let tries = 0; ; tries += 1) {
        try {
          await runtime.sandboxes()
          break
        } catch (error) {
          if (!isError(error, 'ServiceUnavailable') || tries > 100) throw error
          await delay(50)
        }
      }
    })
  })
}

test('a runtime that is nowhere is unavailable', async () => {
  const absent = createCriRuntime({ endpoint: '/nowhere/containerd.sock', clock: systemClock })
  await assert.rejects(absent.version(), (error) => isError(error, 'ServiceUnavailable'))
  absent.close()
})

/** What the kernel says of a sandbox's own process, once the OCI runtime has become it. */
async function pauseStatus(sandboxId: string): Promise<string> {
  for (let left = 200; left > 0; left -= 1, await delay(10))
    for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)))
      if (readIfThere(`/proc/${pid}/cgroup`).includes(sandboxId)) {
        const status = readIfThere(`/proc/${pid}/status`)
        if (/^Name:\tpause$/m.test(status)) return status
      }
  return assert.fail(`sandbox ${sandboxId} has no pause process`)
}

/** '' for a process that has ended meanwhile. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
