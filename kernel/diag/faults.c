/* A broken module brings faults by the million: what is slow, asking the firmware's tables and the allocator, is done
 * once a frame. */
#include "kernel/diag/faults.h"

#include "kernel/mm/frames.h"

void faults_clear(struct faults *f)
{
	*f = (struct faults){ .lock = SPINLOCK("memory faults"), .lowest = UINT64_MAX };
}

static bool is_full(const struct faults *f)
{
	return __atomic_load_n(&f->kept, __ATOMIC_RELAXED) == FAULTS_KEPT;
}

/* With the lock. A frame in use is only marked: it is retired when it is freed. */
static void place_add(struct faults *f, const struct fault *fault)
{
	const paddr_t frame = ALIGN_DOWN(fault->address, PAGE_SIZE);

	f->lowest = MIN(f->lowest, fault->address);
	f->highest = MAX(f->highest, fault->address);
	if (frame_of(frame)->bad)
		return;
	frame_retire(frame);
	f->frames++;
	for (unsigned i = 0; i < MODULES_MOST; i++)
		f->module_frames[i] += fault->modules >> i & 1;
}

void faults_add(struct faults *f, struct fault fault)
{
	if (!fault.moved && !(frame_of(fault.address)->bad && is_full(f)))
		fault.modules = modules_at(fault.address);
	uint64_t irq = spin_lock_irqsave(&f->lock);
	f->count++;
	f->bits |= fault.expected ^ fault.actual;
	if (!fault.moved)
		place_add(f, &fault);
	if (!is_full(f))
		f->first[f->kept++] = fault;
	spin_unlock_irqrestore(&f->lock, irq);
}

bool faults_get(struct faults *f, unsigned index, struct fault *ret)
{
	uint64_t irq = spin_lock_irqsave(&f->lock);
	bool is = index < f->kept;

	if (is)
		*ret = f->first[index];
	spin_unlock_irqrestore(&f->lock, irq);
	return is;
}
