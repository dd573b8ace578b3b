import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import { type ContainerdOptions, containerdPidFile, containerdSocket, ensureContainerd } from '../containerd.ts'
import { stopDaemon } from '../daemon.ts'
import { ociArchive } from '../images/oci-archive.ts'
import { pauseArchive } from '../images/pause.ts'
import { importImages } from '../images/store.ts'
import { run } from '../run.ts'
import { createCriRuntime } from './runtime.ts'

/** A containerd of a test's own, in a temporary folder, with the pause image and `busybox:1` (every applet) imported. */
export interface TestContainerd {
  readonly directory: string
  readonly socket: string
  /** Kills containerd as a crash would, and starts it again: shims and containers live on. */
  restart(): Promise<void>
  /** Ends every container, shim and mount, containerd itself, and removes the folder. */
  close(): Promise<void>
}

/** Another containerd than the machine's, and other runtimes. */
export type TestContainerdOptions = Pick<ContainerdOptions, 'programDirectory' | 'registryConfigDirectory' | 'runtimes'>

/** `subnet`: of its pods, which no other test may use at the same time. Rejects where it does not answer in time. */
export async function startTestContainerd(subnet: string, programs: TestContainerdOptions = {}): Promise<TestContainerd> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-cri-'))
  // Users of a pod's own pass through it.
  chmodSync(directory, 0o711)
  const bridge = `w${directory.slice(-6).toLowerCase()}`
  const options: ContainerdOptions = {
    ...programs,
    rootDirectory: join(directory, 'root'),
    stateDirectory: join(directory, 'run'),
    logFile: join(directory, 'containerd.log'),
    cniConfigDirectory: join(directory, 'cni'),
    cniBinaryDirectories: ['/usr/lib/cni'],
  }
  mkdirSync(options.cniConfigDirectory, { recursive: true })
  writeFileSync(join(options.cniConfigDirectory, '10-test.conflist'), JSON.stringify(network(bridge, subnet, directory)))
  const socket = containerdSocket(options)
  await ensureContainerd(options)
  await importImages(socket, pauseArchive(process.arch === 'arm64' ? 'arm64' : 'x64'))
  await importImages(socket, busyboxArchive())

  async function removeAll(): Promise<void> {
    const crictl = (...args: string[]) => run('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args], { accept: [1] })
    const { stdout } = await crictl('tasks', 'list', '--quiet')
    for (const id of stdout.split('\n').filter(Boolean)) await crictl('tasks', 'delete', '--force', id)
    await stopDaemon(containerdPidFile(options), 2_000)
    for (const path of mountsUnder(directory)) await run('umount', ['--lazy', path], { accept: [32] })
    await run('ip', ['link', 'delete', bridge], { accept: [1] })
    rmSync(directory, { recursive: true, force: true })
  }

  return {
    directory,
    socket,
    async restart() {
      await stopDaemon(containerdPidFile(options), 0)
      await ensureContainerd(options)
    },
    async close() {
      try {
        await stopSandboxes(socket)
      } finally {
        await removeAll()
      }
    },
  }
}

/** What a test left: only its end gives the network namespace back, which lies outside of the folder. */
async function stopSandboxes(endpoint: string): Promise<void> {
  const runtime = createCriRuntime({ endpoint, clock: systemClock, requestTimeoutMs: 10_000 })
  try {
    await Promise.all((await runtime.sandboxes()).map(({ id }) => runtime.stopSandbox(id)))
  } finally {
    runtime.close()
  }
}

function network(bridge: string, subnet: string, directory: string): object {
  return {
    cniVersion: '1.0.0',
    name: `test-${bridge}`,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: false,
        ipam: { type: 'host-local', dataDir: join(directory, 'ipam'), ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  }
}

/** Debian's static busybox under every name that it answers to in these tests. */
function busyboxArchive(): Uint8Array[] {
  const names = 'sh sleep cat echo httpd nc id env hostname kill true false test touch rm ls wget printf mkdir trap head grep sync'.split(
    ' ',
  )
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  return ociArchive({ name: 'docker.io/library/busybox:1', architecture, entrypoint: ['/bin/sh'], env: ['PATH=/bin'] }, [
    { type: 'directory', path: 'bin', mode: 0o755 },
    { type: 'directory', path: 'tmp', mode: 0o1777 },
    { type: 'directory', path: 'etc', mode: 0o755 },
    { type: 'file', path: 'bin/busybox', mode: 0o755, parts: [readFileSync('/bin/busybox')] },
    ...names.map((name) => ({ type: 'link' as const, path: `bin/${name}`, target: 'busybox' })),
  ])
}

/** Deepest first. */
function mountsUnder(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
    .toSorted((a, b) => b.length - a.length)
}
