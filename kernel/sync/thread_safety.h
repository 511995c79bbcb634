/* Which lock guards what, in words that the compiler checks: clang 19's -Wthread-safety, an error there (kernel/meson.build).
 * For every other compiler the words are empty.
 *
 *	static struct spinlock lock = SPINLOCK("threads");
 *	static struct thread *threads GUARDED_BY(&lock);
 *	static void unlist_locked(struct thread *t) REQUIRES(&lock);
 *
 * Rules
 * - The lock is named by its address, and stands before what it guards, in a struct too: in C the words may name members
 *   of the same struct that stand before them.
 * - What is read without the lock on purpose goes through __atomic_load_n(&x), which is not checked; what is set up before
 *   anybody else knows it is in a function with UNCHECKED_LOCKS. So is a function that hands a lock to another thread or
 *   chooses it at run time, which the compiler cannot follow. */
#ifndef KERNEL_SYNC_THREAD_SAFETY_H
#define KERNEL_SYNC_THREAD_SAFETY_H

#if defined(__clang__) && __clang_major__ >= 19
#define THREAD_SAFETY(x_) __attribute__((x_))
#else
#define THREAD_SAFETY(x_)
#endif

#define LOCK_TYPE(name_)	THREAD_SAFETY(capability(name_))
#define GUARDED_BY(lock_)	THREAD_SAFETY(guarded_by(lock_))
#define REQUIRES(...)		THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define ACQUIRES(...)		THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define ACQUIRES_SHARED(...)	THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define RELEASES(...)		THREAD_SAFETY(release_capability(__VA_ARGS__))
#define RELEASES_SHARED(...)	THREAD_SAFETY(release_shared_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...)	THREAD_SAFETY(try_acquire_capability(true, __VA_ARGS__))
#define TRY_ACQUIRES_SHARED(...) THREAD_SAFETY(try_acquire_shared_capability(true, __VA_ARGS__))
#define UNCHECKED_LOCKS		THREAD_SAFETY(no_thread_safety_analysis)

#endif
