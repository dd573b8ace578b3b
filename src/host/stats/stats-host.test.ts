import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../clock.ts'
import { diskUsage } from './disk-usage.ts'
import { processors } from './machine-stats.ts'
import { parsePressure } from './pressure.ts'
import { statsHost } from './stats-host.ts'

/** A folder with these files, such as the kernel would show them. */
function tree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'stats-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

const psi = 'some avg10=1.50 avg60=0.20 avg300=0.00 total=3000000\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=1000000\n'

test('a group of version 2', async (t) => {
  const root = tree(t, {
    'cgroup.controllers': 'cpu memory',
    'pod/cpu.stat': 'usage_usec 2000\nuser_usec 1500\nsystem_usec 500\nnr_periods 10\nnr_throttled 4\nthrottled_usec 7\n',
    'pod/cpu.max': '50000 100000\n',
    'pod/cpu.weight': '39\n',
    'pod/memory.current': '5000\n',
    'pod/memory.max': '8000\n',
    'pod/memory.swap.max': 'max\n',
    'pod/memory.swap.current': '30\n',
    'pod/memory.stat': 'anon 1000\nfile 3000\nkernel 200\nfile_mapped 40\ninactive_file 2000\nactive_file 900\npgfault 7\npgmajfault 2\n',
    'pod/memory.events': 'low 0\nmax 3\noom_kill 1\n',
    'pod/memory.peak': '6000\n',
    'pod/pids.current': '5\n',
    'pod/pids.max': '100\n',
    'pod/cgroup.procs': '0\n12\n34\n',
    'pod/io.stat': '254:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n',
    'pod/memory.pressure': psi,
    'pod/child/cgroup.procs': '',
  })
  const host = statsHost(systemClock, root)
  const group = await host.group('/pod', 'full')
  assert.deepEqual(group?.cpu, {
    usageNanoSeconds: 2_000_000,
    userNanoSeconds: 1_500_000,
    systemNanoSeconds: 500_000,
    shares: 998,
    periodMicroseconds: 100_000,
    quotaMicroseconds: 50_000,
    periods: 10,
    throttledPeriods: 4,
    throttledNanoSeconds: 7_000,
  })
  assert.deepEqual(group?.memory, {
    usageBytes: 5000,
    workingSetBytes: 3000,
    rssBytes: 1000,
    cacheBytes: 3000,
    mappedFileBytes: 40,
    activeFileBytes: 900,
    inactiveFileBytes: 2000,
    kernelBytes: 200,
    swapBytes: 30,
    pageFaults: 7,
    majorPageFaults: 2,
    limitBytes: 8000,
    maxUsageBytes: 6000,
    failures: 3,
    oomKills: 1,
  })
  assert.deepEqual([group?.processIds, group?.threads, group?.threadsMax], [[12, 34], 5, 100])
  const [io] = group?.io ?? []
  assert.deepEqual([io?.readBytes, io?.writeBytes, io?.reads, io?.writes], [10, 20, 1, 2])
  assert.equal(group?.pressure?.memory?.full.totalMicroseconds, 1_000_000)
  assert.deepEqual(await host.children('/pod'), ['child'])
  const core = await host.group('/pod', 'core')
  assert.deepEqual([core?.cpu, core?.io, core?.pressure], [{ usageNanoSeconds: 2_000_000 }, undefined, undefined])
})

test('a group of version 1, spread over its trees', async (t) => {
  const root = tree(t, {
    'cpuacct/pod/cpuacct.usage': '123\n',
    'cpuacct/pod/cpuacct.usage_user': '100\n',
    'cpuacct/pod/cpuacct.usage_sys': '23\n',
    'cpu/pod/cpu.shares': '1024\n',
    'cpu/pod/cpu.cfs_period_us': '100000\n',
    'cpu/pod/cpu.cfs_quota_us': '-1\n',
    'cpu/pod/cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
    'memory/pod/memory.usage_in_bytes': '5000\n',
    'memory/pod/memory.limit_in_bytes': '9223372036854771712\n',
    'memory/pod/memory.stat': 'cache 1\nrss 2\ntotal_cache 3000\ntotal_rss 1000\ntotal_inactive_file 6000\ntotal_pgfault 9\n',
    'memory/pod/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 4\n',
    'memory/pod/cgroup.procs': '7\n',
    'pids/pod/pids.current': '3\n',
    'pids/pod/pids.max': 'max\n',
    'blkio/pod/blkio.throttle.io_service_bytes': '254:0 Read 10\n254:0 Write 20\n254:0 Total 30\nTotal 30\n',
    'blkio/pod/blkio.throttle.io_serviced': '254:0 Read 1\n254:0 Write 2\n',
    'unified/pod/cpu.pressure': psi,
  })
  const group = await statsHost(systemClock, root).group('/pod', 'full')
  assert.deepEqual(
    [group?.cpu?.usageNanoSeconds, group?.cpu?.userNanoSeconds, group?.cpu?.shares, group?.cpu?.quotaMicroseconds],
    [123, 100, 1024, undefined],
  )
  assert.deepEqual(
    [group?.memory?.workingSetBytes, group?.memory?.rssBytes, group?.memory?.limitBytes, group?.memory?.oomKills],
    [0, 1000, undefined, 4],
  )
  assert.deepEqual([group?.processIds, group?.threads, group?.threadsMax], [[7], 3, undefined])
  assert.deepEqual([group?.io?.[0]?.readBytes, group?.io?.[0]?.writes], [10, 2])
  assert.equal(group?.pressure?.cpu?.some.avg10, 1.5)
})

test('a group that there is not is none, under either version', async (t) => {
  for (const files of [{ 'cgroup.controllers': '' }, { 'memory/cgroup.procs': '' }]) {
    const host = statsHost(systemClock, tree(t, files))
    assert.deepEqual([await host.group('/gone', 'full'), await host.children('/gone')], [undefined, []])
  }
})

test('pressure of a kernel without the second line, and of none', () => {
  assert.equal(parsePressure('some avg10=1.00 avg60=0.00 avg300=0.00 total=5\n')?.full.totalMicroseconds, 0)
  assert.deepEqual([parsePressure(undefined), parsePressure('')], [undefined, undefined])
})

test('cores and sockets', () => {
  const of = (id: number, socket: number, core: number) => `processor\t: ${id}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`
  const two = processors([of(0, 0, 0), of(1, 0, 0), of(2, 1, 0), of(3, 1, 1)].join('\n'))
  assert.deepEqual([two.physicalCores, two.sockets], [3, 2])
  assert.equal(processors('processor : 0\n').sockets, 1)
})

test('this machine itself', async () => {
  const host = statsHost(systemClock)
  const machine = await host.machine()
  assert.ok(machine.memoryBytes > 0 && machine.cpuCount > 0 && machine.bootedAt > 0)
  const tasks = await host.tasks()
  assert.ok(tasks.count > 0 && tasks.count < tasks.limit)
  const fs = await host.fileSystem(tmpdir())
  assert.ok(fs!.capacityBytes > fs!.availableBytes && fs!.availableBytes > 0)
  assert.equal(await host.fileSystem('/nonexistent'), undefined)
  assert.deepEqual(await host.interfaces(2 ** 30), [])
  assert.ok((await host.processes([process.pid])).fileDescriptors > 0)
  assert.ok(!(await host.interfaces()).some(({ name }) => name === 'lo'))
})

// --- disk usage ------------------------------------------------------------------------------------------------------------------------

const block = 4096

test('a tree takes its blocks: holes cost nothing, a file with two names counts once, links are not followed', async (t) => {
  const root = tree(t, { 'a/one': 'x'.repeat(block), 'a/b/two': 'y'.repeat(3 * block) })
  const before = (await diskUsage(root, 'tree'))!
  linkSync(join(root, 'a/one'), join(root, 'again'))
  assert.deepEqual(await diskUsage(root, 'tree'), before)
  symlinkSync('/usr', join(root, 'usr'))
  const linked = (await diskUsage(root, 'tree'))!
  assert.equal(linked.inodesUsed, before.inodesUsed + 1)
  assert.ok(linked.usedBytes - before.usedBytes <= block)
  writeFileSync(join(root, 'hole'), '')
  truncateSync(join(root, 'hole'), 2 ** 30)
  assert.ok((await diskUsage(root, 'tree'))!.usedBytes - linked.usedBytes <= block)
})

test('the content of a folder is all of it but the folder', async (t) => {
  const root = tree(t, { file: 'x'.repeat(block) })
  const [all, content] = [await diskUsage(root, 'tree'), await diskUsage(root, 'content')]
  assert.deepEqual(content, { usedBytes: block, inodesUsed: 1 })
  assert.equal(all?.inodesUsed, 2)
})

test('what is not there takes nothing, and is not 0', async () => assert.equal(await diskUsage('/nonexistent/folder', 'tree'), undefined))
