"""The operators that a model may use: arithmetic on tensors, numbers, lists and text, and control flow.

Everything else is refused, such as reading and writing files, printing, random numbers, threads, other devices'
queues, custom classes, and views that no bounds are checked for. In-place forms (`add_`) go with their operators.
"""

_ATEN_NAMES = """
    Bool Float Int FloatImplicit IntImplicit ScalarImplicit Complex
    __and__ __contains__ __derive_index __getitem__ __is__ __isnot__ __lshift__ __not__ __or__ __range_length
    __rshift__ __xor__ _set_item _shape_as_tensor _unique2 _weight_norm _convolution
    abs absolute acos acosh adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d add addbmm
    addcdiv addcmul addmm addmv addr all allclose alpha_dropout amax amin aminmax angle any append arange argmax argmin
    argsort asin asinh as_tensor atan atan2 atanh avg_pool1d avg_pool2d baddbmm batch_norm bincount bilinear
    bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman_window block_diag bmm
    broadcast_tensors broadcast_to bucketize cat cdist ceil celu channel_shuffle chunk clamp clamp_max clamp_min
    clip clone complex concat concatenate conj constant_pad_nd contiguous conv1d conv2d conv_transpose1d
    conv_transpose2d copy copy_ copysign cos cosh cosine_similarity cross cummax cummin cumprod cumsum
    deg2rad detach diag diag_embed diagflat diagonal diff dim div divide dot dropout
    einsum elu embedding empty empty_like eq equal erf erfc erfinv exp exp2 expand expand_as expm1 extend eye
    feature_dropout fft_fft fft_fftfreq fft_fftn fft_fftshift fft_ifft fft_ifftn fft_ifftshift fft_irfft fft_irfftn
    fft_rfft fft_rfftfreq fft_rfftn fill fill_diagonal_ flatten flip fliplr flipud float_power floor floor_divide
    floordiv fmax fmin fmod format frac frexp full full_like
    gather ge gelu get glu greater greater_equal group_norm gru gru_cell gt
    hamming_window hann_window hardshrink hardsigmoid hardswish hardtanh heaviside hstack hypot
    i0 imag index index_add index_copy index_fill index_put index_select inner insert instance_norm is_complex
    is_floating_point is_grad_enabled isclose isfinite isin isinf isnan isneginf isposinf item items
    kaiser_window keys kron kthvalue layer_norm ldexp le leaky_relu len lerp less less_equal lgamma
    linalg_cholesky linalg_cross linalg_det linalg_diagonal linalg_inv linalg_matmul linalg_matrix_norm linalg_norm
    linalg_qr linalg_solve linalg_vecdot linalg_vector_norm linear linspace list log log10 log1p log2 log_sigmoid
    log_softmax logaddexp logaddexp2 logcumsumexp logical_and logical_not logical_or logical_xor logit logspace
    logsumexp lstm lstm_cell lt
    mH mT masked_fill masked_scatter masked_select matmul max max_pool1d max_pool2d maximum mean median meshgrid min
    minimum mish mm movedim moveaxis mse_loss msort mul multiply mv
    nan_to_num nanmean nanmedian nansum narrow ne neg negative new_empty new_full new_ones new_zeros nonzero norm
    not_equal numel numpy_T one_hot ones ones_like ord outer
    pad pad_sequence pairwise_distance permute pixel_shuffle pixel_unshuffle polar pop positive pow prelu prod quantile
    rad2deg range ravel real reciprocal reflection_pad1d reflection_pad2d relu relu6 remainder repeat repeat_interleave
    replication_pad1d replication_pad2d reshape reshape_as reverse rms_norm rnn_relu rnn_tanh roll round rsqrt rsub
    scalar_tensor scaled_dot_product_attention scatter scatter_add scatter_reduce searchsorted select select_scatter
    selu set_grad_enabled sgn sigmoid sign signbit silu sin sinc sinh size slice slice_scatter softmax softplus
    softshrink sort sorted split split_with_sizes sqrt square squeeze stack std std_mean stft str stride sub subtract
    sum swapaxes swapdims t take take_along_dim tan tanh tensor tensor_split tensordot threshold tile to topk trace
    transpose trapezoid tril tril_indices triu triu_indices true_divide trunc type_as
    unbind unflatten unfold unique_consecutive unsqueeze upsample_linear1d upsample_nearest1d
    values vander var var_mean vdot view view_as view_as_complex view_as_real vstack where xlogy zero zeros zeros_like
"""
ATEN = frozenset(_ATEN_NAMES.split())
"""Of `aten`."""

_PRIM_NAMES = """
    Constant CreateObject DictConstruct Enter Exit GetAttr If ListConstruct ListUnpack Loop NumToTensor RaiseException
    SetAttr TupleConstruct TupleIndex TupleSlice TupleUnpack Uninitialized abs data device dtype is_cpu is_cuda
    isinstance itemsize layout max min ndim rangelist requires_grad unchecked_cast unchecked_unwrap_optional
"""
PRIM = frozenset(_PRIM_NAMES.split())
"""Of `prim`."""


def is_allowed(namespace: str, name: str) -> bool:
    """Whether a model may use this operator."""
    if namespace == "aten":
        return name in ATEN or (name.endswith("_") and not name.endswith("__") and name[:-1] in ATEN)
    return namespace == "prim" and name in PRIM
