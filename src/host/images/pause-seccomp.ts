import type { Machine } from './static-elf.ts'

/**
 * The seccomp profile of the pause process, in the OCI runtime specification's words: no more than `pauseProgram` calls and than OCI runtimes call
 * between putting a profile on and becoming that program. It allows less than any runtime's own profile, and is ready sooner: libseccomp turns that,
 * of some four hundred calls for three architectures, into a program for the kernel in 10 ms of a processor, for each sandbox anew.
 */
export const pauseSeccompProfile = (machine: Machine): string =>
  `${JSON.stringify(
    {
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: [machine === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'],
      syscalls: [{ names: [...pauseCalls, ...runtimeCalls], action: 'SCMP_ACT_ALLOW' }],
    },
    null,
    2,
  )}\n`

const pauseCalls = ['exit_group', 'rt_sigprocmask', 'rt_sigtimedwait', 'wait4']

/**
 * What runc (1.0 to 1.4) and crun may still call: their own last steps (to drop privileges, where these are left; to look through and close files;
 * to say that they are ready) and what their languages' runtimes do meanwhile. Names that an architecture does not have are passed over.
 * Where another version needs more, `withPauseSeccomp` gives the profile up.
 */
const runtimeCalls = `
  access capget capset chdir close close_range dup dup2 dup3 execve execveat exit faccessat faccessat2 fchdir fcntl fstat fstatfs getcwd
  getdents64 getegid geteuid getgid getgroups getpid getppid gettid getuid ioctl lseek lstat newfstatat open openat openat2 prctl pread64
  pwrite64 read readlink readlinkat recvmsg sendmsg setgid setgroups setresgid setresuid setsid setuid stat statfs statx umask uname waitid
  write writev arch_prctl brk clock_gettime clock_nanosleep clone clone3 epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 futex
  getrandom getrlimit madvise mincore mmap mprotect mremap munmap nanosleep pipe2 ppoll prlimit64 restart_syscall rseq rt_sigaction
  rt_sigreturn sched_getaffinity sched_yield set_robust_list set_tid_address sigaltstack tgkill
`
  .trim()
  .split(/\s+/)
