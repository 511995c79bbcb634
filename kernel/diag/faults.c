/* A broken module brings faults by the million: what is slow, asking the firmware's tables and the allocator, is done
 * once a frame. */
#include "kernel/diag/faults.h"

#include "kernel/mm/frames.h"

void faults_clear(struct faults *f)
{
	*f = (struct faults){ .lock = SPINLOCK("memory faults"), .lowest = UINT64_MAX };
}

/* A frame that nobody knew to be bad. Being in use, it is only marked: it is retired when it is freed. */
static void frame_add(struct faults *f, paddr_t frame, uint64_t modules)
{
	frame_retire(frame);
	f->frames++;
	for (unsigned i = 0; i < MODULES_MOST; i++)
		f->module_frames[i] += modules >> i & 1;
}

void faults_add(struct faults *f, const struct fault *fault)
{
	const paddr_t frame = ALIGN_DOWN(fault->address, PAGE_SIZE);
	const bool known = frame_of(frame)->bad;
	const uint64_t modules = known && __atomic_load_n(&f->kept, __ATOMIC_RELAXED) == FAULTS_KEPT ? 0 : modules_at(fault->address);
	uint64_t irq = spin_lock_irqsave(&f->lock);

	f->count++;
	f->bits |= fault->expected ^ fault->actual;
	f->lowest = MIN(f->lowest, fault->address);
	f->highest = MAX(f->highest, fault->address);
	if (!frame_of(frame)->bad)
		frame_add(f, frame, modules);
	if (f->kept < FAULTS_KEPT) {
		f->first[f->kept] = *fault;
		f->first[f->kept++].modules = modules;
	}
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
