/** `wherry reset`: the machine is as it was. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ensureUp, home, root, wherry } from './support/cluster.ts'

test('up of several nodes and reset leave nothing behind, not even where a first reset was killed', async () => {
  wherry('reset')
  const before = look()
  ensureUp('--nodes', '2')
  const during = look()
  for (const [name, found] of Object.entries(during))
    if (name !== 'settings')
      assert.notDeepEqual(found, before[name as keyof typeof before], `the test sees what a cluster is made of: ${name}`)
  assert.equal(during.cgroups.filter((path) => path.includes('wherry-')).length > 0, true)
  const stopped = spawn(join(root, 'wherry'), ['reset'], { stdio: 'ignore', env: { ...process.env, HOME: home } })
  const ended = once(stopped, 'close')
  await Promise.race([delay(700), ended])
  stopped.kill('SIGKILL')
  await ended
  const said = wherry('reset')
  assert.equal(said.code, 0, said.err)
  assert.deepEqual(look(), before)
  assert.equal(wherry('status').code, 69)
})

test('reset of nothing is done, too', () => assert.equal(wherry('reset').code, 0))

/** Everything that a cluster adds to a machine. */
function look() {
  const lines = (command: string, ...words: string[]) => spawnSync(command, words, { encoding: 'utf8' }).stdout.trim().split('\n').sort()
  const ours = (text: string) => /wherry/.test(text)
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
  return {
    processes: commands.filter((line) => /src\/main\/(server|agent)\.ts|\/var\/lib\/wherry|\/run\/wherry/.test(line)).length,
    netns: existsSync('/run/netns') ? readdirSync('/run/netns').filter((name) => name.startsWith('cni-')) : [],
    mounts: read('/proc/self/mountinfo')
      .split('\n')
      .filter((line) => / \/(var\/lib|run)\/wherry/.test(line)).length,
    interfaces: lines('ip', '-o', 'link').filter((line) => /wherry|master wherry0/.test(line)).length,
    routes: lines('ip', 'route').filter(ours),
    tables: lines('nft', 'list', 'tables').filter(ours),
    cgroups: readdirSync('/sys/fs/cgroup')
      .flatMap((name) => [`/sys/fs/cgroup/${name}/wherry`, `/sys/fs/cgroup/${name}/wherry-${hostname()}-2`])
      .filter((path) => existsSync(path)),
    links: [...['/var/lib/kubelet'].filter((path) => existsSync(path)), ...readdirSync('/var/log/containers')],
    folders: ['/var/lib/wherry', '/run/wherry'].filter((path) => existsSync(path)),
    kubeconfig: existsSync(join(home, '.kube', 'config')) && ours(read(join(home, '.kube', 'config'))),
    settings: ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/bridge/bridge-nf-call-iptables'].map(read),
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
