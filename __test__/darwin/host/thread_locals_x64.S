/* Descriptor in rdi, address out in rax; every other register is the caller's, vectors included. */
    .text
    .globl thread_local_thunk
    .hidden thread_local_thunk
    .type thread_local_thunk, @function
thread_local_thunk:
    movq thread_blocks@gottpoff(%rip), %rax
    movq %fs:(%rax), %rax
    testq %rax, %rax
    jz 1f
    pushq %rcx
    movq 8(%rdi), %rcx
    movq (%rax,%rcx,8), %rax
    popq %rcx
    testq %rax, %rax
    jz 1f
    addq 16(%rdi), %rax
    ret
1:  pushq %rbp
    movq %rsp, %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    /* XSAVE: x87, SSE, AVX and AVX-512 state, 64-byte aligned, its header zeroed. */
    subq $4096, %rsp
    andq $-64, %rsp
    movq $0, 512(%rsp)
    movq $0, 520(%rsp)
    movq $0, 528(%rsp)
    movq $0, 536(%rsp)
    movq $0, 544(%rsp)
    movq $0, 552(%rsp)
    movq $0, 560(%rsp)
    movq $0, 568(%rsp)
    movl $0xe7, %eax
    xorl %edx, %edx
    xsave64 (%rsp)
    call thread_local_make
    movq %rax, %r11
    movl $0xe7, %eax
    xorl %edx, %edx
    xrstor64 (%rsp)
    movq %r11, %rax
    leaq -64(%rbp), %rsp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    popq %rbp
    ret
    .size thread_local_thunk, .-thread_local_thunk
    .section .note.GNU-stack,"",@progbits
